/**
 * The telnet protocol of a client that wants plain text (RFC 854, 855): of all options only
 * suppress-go-ahead (RFC 858) and the peer's echo (RFC 857) are agreed to.
 */

const iac = 255;
const dont = 254;
const doIt = 253;
const wont = 252;
const will = 251;
const subnegotiation = 250;
const subnegotiationEnd = 240;

const echo = 1;
const suppressGoAhead = 3;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** Where the bytes that came stand. */
type Place = 'data' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation-command';

/** What came: data for whoever speaks through this, and what is to be sent back at once. */
export interface Received {
  readonly data: Buffer;
  readonly reply: Buffer;
  /** What was negotiated, for people: `DO terminal-type`, `WONT terminal-type`. */
  readonly said: readonly string[];
}

/** One connection; commands may be split over packets anywhere. */
export class Telnet {
  #place: Place = 'data';
  #verb = 0;
  /** What is switched on, and was told: who answers only changes can start no loop (RFC 854). */
  readonly #ours = new Map<number, boolean>();
  readonly #theirs = new Map<number, boolean>();

  receive(bytes: Buffer): Received {
    const data: number[] = [];
    const reply: number[] = [];
    const said: string[] = [];
    for (const byte of bytes) {
      const answer = this.#take(byte, data);
      if (answer === undefined) continue;
      said.push(...answer.said);
      reply.push(...answer.bytes);
    }
    return { data: Buffer.from(data), reply: Buffer.from(reply), said };
  }

  #take(byte: number, data: number[]): Answer | undefined {
    switch (this.#place) {
      case 'data':
        if (byte === iac) this.#place = 'command';
        // A carriage return alone travels with a NUL behind it, which means nothing elsewhere.
        else if (byte !== 0) data.push(byte);
        return undefined;
      case 'command':
        return this.#takeCommand(byte, data);
      case 'option':
        this.#place = 'data';
        return this.#negotiate(byte);
      case 'subnegotiation':
        // What is in it is for options that were refused, and is not kept.
        if (byte === iac) this.#place = 'subnegotiation-command';
        return undefined;
      case 'subnegotiation-command':
        this.#place = byte === subnegotiationEnd ? 'data' : 'subnegotiation';
        return undefined;
    }
  }

  #takeCommand(byte: number, data: number[]): Answer | undefined {
    this.#place = 'data';
    if (byte === iac) data.push(iac);
    else if (byte >= will && byte <= dont) {
      this.#place = 'option';
      this.#verb = byte;
    } else if (byte === subnegotiation) this.#place = 'subnegotiation';
    // Go-ahead, no-operation, data mark and the like ask for nothing.
    return undefined;
  }

  #negotiate(option: number): Answer | undefined {
    const verb = this.#verb;
    const heard = `${verbs[verb] ?? verb} ${nameOf(option)}`;
    const isTheirs = verb === will || verb === wont;
    const isWanted = isTheirs ? theirsWanted.includes(option) : option === suppressGoAhead;
    const isAsked = verb === will || verb === doIt;
    const becomes = isAsked && isWanted;
    const states = isTheirs ? this.#theirs : this.#ours;
    const was = states.get(option) ?? false;
    states.set(option, becomes);
    // A refusal is answered each time it is asked for; nothing else is said twice.
    if (was === becomes && !(isAsked && !becomes)) return { bytes: [], said: [heard] };
    const answer = isTheirs ? (becomes ? doIt : dont) : becomes ? will : wont;
    return {
      bytes: [iac, answer, option],
      said: [heard, `${verbs[answer]} ${nameOf(option)} sent`],
    };
  }
}

interface Answer {
  readonly bytes: readonly number[];
  readonly said: readonly string[];
}

const theirsWanted: readonly number[] = [echo, suppressGoAhead];

const verbs: Readonly<Record<number, string>> = {
  [will]: 'WILL',
  [wont]: 'WONT',
  [doIt]: 'DO',
  [dont]: 'DONT',
};

/** Those that peers offer most; others by number. */
const names: Readonly<Record<number, string>> = {
  0: 'binary',
  1: 'echo',
  3: 'suppress-go-ahead',
  5: 'status',
  6: 'timing-mark',
  24: 'terminal-type',
  31: 'window-size',
  32: 'terminal-speed',
  33: 'flow-control',
  34: 'linemode',
  35: 'x-display',
  36: 'environment',
  37: 'authentication',
  38: 'encryption',
  39: 'new-environment',
};

function nameOf(option: number): string {
  return names[option] ?? `option ${option}`;
}

/** Bytes as they travel: 255 is doubled, and a carriage return has a line feed or a NUL behind it. */
export function toTelnet(bytes: Buffer): Buffer {
  const sent: number[] = [];
  for (const [index, byte] of bytes.entries()) {
    sent.push(byte);
    if (byte === iac) sent.push(iac);
    if (byte === carriageReturn && bytes[index + 1] !== lineFeed) sent.push(0);
  }
  return Buffer.from(sent);
}
