/**
 * What a server of NATS sends, on its way to the library: a message that is larger than allowed
 * never gets into memory, and what is not the protocol never gets to the library, which would write
 * about it to stdout (nats.md#what-a-server-sends).
 */

import { CourierError, quote } from '../faults/errors.ts';

/** A header that says how many bytes of a body are missing here. */
export const omittedHeader = 'Courier-Omitted';

/** An INFO names every server of the cluster. */
const longestLine = 256 * 1024;
const longestHeaders = 64 * 1024;
const crlf = '\r\n';

/** What the line ahead of a message says. */
interface Announced {
  /** Subject, number of the subscription and, where there is one, the subject for answers. */
  readonly address: string;
  readonly headerBytes: number;
  /** With the headers. */
  readonly bytes: number;
}

/** What comes next, and how many bytes of it. */
type Expected =
  | { readonly what: 'body' | 'dropped'; leftBytes: number }
  /** Headers of a message whose body is dropped. */
  | { readonly what: 'headers'; leftBytes: number; readonly of: Announced }
  /** The line end behind a body. */
  | { readonly what: 'end'; leftBytes: number; readonly isPassed: boolean };

export class FrameFilter {
  readonly #mostBytes: number;
  readonly #peer: string;
  /** Undefined where a line comes next. */
  #expected: Expected | undefined;
  /** Pieces of what is looked at as a whole. */
  #held: Buffer[] = [];
  /** Of a line; counted as it grows, since it may come byte by byte. */
  #heldBytes = 0;
  #pings = 0;

  /**
   * @param mostBytes of a message, with its headers
   * @param peer for messages: `broker.example:4222`
   */
  constructor(mostBytes: number, peer: string) {
    this.#mostBytes = mostBytes;
    this.#peer = peer;
  }

  /** How often the server has asked whether we are there. */
  get pings(): number {
    return this.#pings;
  }

  /**
   * What of a piece goes on to the library.
   *
   * @throws CourierError PEER when it is not the protocol
   */
  pass(piece: Buffer): readonly Buffer[] {
    try {
      return this.#pass(piece);
    } catch (error) {
      if (!(error instanceof NotNats)) throw error;
      throw new CourierError('PEER', `${this.#peer} does not speak NATS: it sent ${error.message}`);
    }
  }

  #pass(piece: Buffer): readonly Buffer[] {
    const passed: Buffer[] = [];
    let from = 0;
    while (from < piece.length) {
      const rest = piece.subarray(from);
      from +=
        this.#expected === undefined ? this.#takeLine(rest, passed) : this.#take(rest, passed);
    }
    return passed;
  }

  /** @returns how many bytes it took */
  #takeLine(rest: Buffer, passed: Buffer[]): number {
    const end = rest.indexOf(0x0a) + 1;
    const part = end === 0 ? rest : rest.subarray(0, end);
    this.#held.push(part);
    this.#heldBytes += part.length;
    if (end > 0) this.#endLine(this.#release(), passed);
    else if (this.#heldBytes > longestLine) throw notNats('a line without end');
    return part.length;
  }

  #take(rest: Buffer, passed: Buffer[]): number {
    const expected = this.#expected;
    if (expected === undefined) return 0;
    const part = rest.subarray(0, expected.leftBytes);
    expected.leftBytes -= part.length;
    if (expected.what === 'body') pushOnto(passed, part);
    else if (expected.what !== 'dropped') this.#held.push(part);
    if (expected.leftBytes === 0) this.#endPart(expected, passed);
    return part.length;
  }

  #endLine(line: Buffer, passed: Buffer[]): void {
    const announced = readAnnounced(line);
    if (announced === undefined) {
      requireKnown(line);
      if (line.toString('latin1').toLowerCase() === `ping${crlf}`) this.#pings += 1;
      pushOnto(passed, line);
      return;
    }
    const { headerBytes, bytes } = announced;
    if (bytes <= this.#mostBytes) {
      pushOnto(passed, line);
      this.#expect({ what: 'body', leftBytes: bytes }, passed);
      return;
    }
    if (headerBytes > longestHeaders) throw notNats('headers without end');
    this.#expect({ what: 'headers', leftBytes: headerBytes, of: announced }, passed);
  }

  #expect(expected: Expected, passed: Buffer[]): void {
    this.#expected = expected;
    if (expected.leftBytes === 0) this.#endPart(expected, passed);
  }

  #endPart(expected: Expected, passed: Buffer[]): void {
    switch (expected.what) {
      case 'headers': {
        passed.push(withoutBody(this.#release(), expected.of));
        const { bytes, headerBytes } = expected.of;
        this.#expect({ what: 'dropped', leftBytes: bytes - headerBytes }, passed);
        return;
      }
      case 'body':
      case 'dropped':
        this.#expected = {
          what: 'end',
          leftBytes: crlf.length,
          isPassed: expected.what === 'body',
        };
        return;
      case 'end': {
        const end = this.#release();
        if (end.toString('latin1') !== crlf) throw notNats('a message longer than it announced');
        if (expected.isPassed) pushOnto(passed, end);
        this.#expected = undefined;
      }
    }
  }

  /** All that was held, as one. */
  #release(): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return others.length === 0 ? first : Buffer.concat([first, ...others]);
  }
}

/** What follows in the same memory becomes one piece: the library copies messages that come in several. */
function pushOnto(passed: Buffer[], part: Buffer): void {
  const last = passed.at(-1);
  const follows =
    last !== undefined &&
    last.buffer === part.buffer &&
    last.byteOffset + last.length === part.byteOffset;
  if (!follows) passed.push(part);
  else
    passed[passed.length - 1] = Buffer.from(
      part.buffer,
      last.byteOffset,
      last.length + part.length,
    );
}

/** The message with its headers, and one more that stands for the body. */
function withoutBody(headers: Buffer, { address, headerBytes, bytes }: Announced): Buffer {
  const given = headerBytes === 0 ? `NATS/1.0${crlf}${crlf}` : headers.toString('latin1');
  if (!given.endsWith(crlf + crlf)) throw notNats('headers without their end');
  const more = `${omittedHeader}: ${bytes - headerBytes}${crlf}`;
  const all = `${given.slice(0, -crlf.length)}${more}${crlf}`;
  return Buffer.from(`HMSG ${address} ${all.length} ${all.length}${crlf}${all}${crlf}`, 'latin1');
}

/** Undefined for a line that announces no message. */
function readAnnounced(line: Buffer): Announced | undefined {
  const text = line.toString('latin1', 0, longestHeaders);
  if (!/^h?msg[ \t]/i.test(text)) return undefined;
  const [verb = '', ...fields] = text.trim().split(/[ \t]+/);
  const numbers = verb.length === 3 ? 1 : 2;
  const sizes = fields.slice(-numbers).map(toSize);
  const [headerBytes, bytes] = numbers === 1 ? [0, sizes[0]] : sizes;
  const isWhole = text.endsWith(crlf) && toSize(fields[1]) !== undefined;
  const isCounted = fields.length === 2 + numbers || fields.length === 3 + numbers;
  if (
    !isWhole ||
    !isCounted ||
    headerBytes === undefined ||
    bytes === undefined ||
    headerBytes > bytes
  ) {
    throw notNats(quote(text));
  }
  return { address: fields.slice(0, -numbers).join(' '), headerBytes, bytes };
}

function toSize(digits = ''): number | undefined {
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/** Everything else that a server sends. */
function requireKnown(line: Buffer): void {
  const text = line.toString('utf8');
  if (/^(?:ping|pong|\+ok|-err[ \t].*)\r\n$/i.test(text)) return;
  if (/^info[ \t].*\r\n$/i.test(text) && isInfo(text.slice('info'.length))) return;
  throw notNats(quote(text));
}

/** The library reads the version and `max_payload` without a look at what is there. */
function isInfo(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null) return false;
    const [version, most = 1] = [Reflect.get(value, 'version'), Reflect.get(value, 'max_payload')];
    const isVersion = typeof version === 'string' && /^\d+\.\d+\.\d+/.test(version);
    return isVersion && Number.isSafeInteger(most) && most > 0;
  } catch {
    return false;
  }
}

class NotNats extends Error {}

function notNats(what: string): NotNats {
  return new NotNats(what);
}
