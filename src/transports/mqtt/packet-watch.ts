/** How long each packet of a broker is, and whether we asked for such, seen before it has arrived. */

/** The type of a packet, its first four bits, and the bit of QoS 2 of a PUBLISH: MQTT 5, 2.1.2 and 3.3.1. */
const publish = 3;
const exactlyOnce = 0b0100;

/**
 * Follows the bytes of a broker from packet to packet. Told at its beginning that a packet would be
 * too long, one can hang up before it is in memory; the broker's own limit (Maximum Packet Size,
 * MQTT 5, 3.1.2.11.4) would drop it without a word, and look as if nothing were there.
 */
export class PacketWatch {
  readonly #mostBytes: number;
  /** What is missing of the packet that has begun. */
  #leftBytes = 0;
  /** The length so far, while it is being read; undefined before and after. */
  #length: { value: number; shift: number } | undefined;
  #isUnasked = false;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether a packet has begun and not all of it has come. */
  get isMidPacket(): boolean {
    return this.#leftBytes > 0 || this.#length !== undefined;
  }

  /**
   * Takes the next bytes.
   *
   * @returns the length of a packet that is longer than allowed; `unasked` for a message of QoS 2, which
   * nobody subscribes with here, and of which the library keeps one after the other. No more can be taken
   * then
   */
  follow(piece: Buffer): number | 'unasked' | undefined {
    let at = 0;
    while (at < piece.length) {
      if (this.#leftBytes > 0) {
        const passed = Math.min(this.#leftBytes, piece.length - at);
        this.#leftBytes -= passed;
        at += passed;
      } else {
        this.#readHeader(piece[at] ?? 0);
        at += 1;
      }
      if (this.#isUnasked) return 'unasked';
      if (this.#leftBytes > this.#mostBytes) return this.#leftBytes;
    }
    return undefined;
  }

  /** One byte of type, then the length in seven bits a byte, the lowest first: MQTT 5, 2.1. */
  #readHeader(byte: number): void {
    if (this.#length === undefined) {
      this.#length = { value: 0, shift: 0 };
      this.#isUnasked = byte >> 4 === publish && (byte & exactlyOnce) !== 0;
      return;
    }
    const { value, shift } = this.#length;
    const length = value + (byte & 127) * 2 ** shift;
    this.#length = byte < 128 ? undefined : { value: length, shift: shift + 7 };
    if (byte < 128 || shift > 21) this.#leftBytes = length;
  }
}
