/** A Content-Length that is said twice, the same both times: RFC 9110 8.6 lets a client take it once. */

/** No honest line that repeats a length is longer. */
const longestLine = 200;
const lineFeed = 0x0a;
const nothing = Buffer.alloc(0);
const finalStatus = /^HTTP\/1\.[01] [2-9]/;
const name = 'content-length:';
const length = /^content-length:[ \t]*(\d+)((?:[ \t]*,[ \t]*\1)*)[ \t]*(\r?\n)$/i;

/**
 * Removes repetitions from the head of a response before it is parsed. Anything but an exact
 * repetition is passed on unchanged, and the parser refuses it.
 */
export class RepeatedLengths {
  #inHead = true;
  /** Whether it is the head of the response proper: 102 and 103 come before it. */
  #isFinal = false;
  /** Whether the start of the next line has been passed on already. */
  #isMidLine = false;
  /** The held start of a line that must be seen whole. */
  #held = nothing;
  #length: string | undefined;

  /** Prepares for the head of another response. */
  restart(): void {
    this.#inHead = true;
    this.#isFinal = false;
    this.#isMidLine = false;
    this.#held = nothing;
    this.#length = undefined;
  }

  /** Whether the head is over and states the length of the body, so that only the body follows. */
  get areKnown(): boolean {
    return !this.#inHead && this.#isFinal && this.#length !== undefined;
  }

  /** What is passed on of a piece, together with what was held back before it. */
  filter(piece: Buffer): Buffer {
    if (!this.#inHead) return piece;
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    const lines: Buffer[] = [];
    let start = 0;
    let isChanged = false;
    while (this.#inHead) {
      const end = bytes.indexOf(lineFeed, start) + 1;
      if (end === 0) break;
      const line = bytes.subarray(start, end);
      const taken = this.#take(line);
      isChanged ||= taken !== line;
      lines.push(taken);
      start = end;
    }
    const rest = bytes.subarray(start);
    const isHeld = this.#inHead && !this.#isMidLine && isOfNote(rest);
    // Copied: the piece may be overwritten when the next one comes.
    this.#held = isHeld ? Buffer.from(rest) : nothing;
    this.#isMidLine ||= !isHeld && rest.length > 0;
    // A piece is mostly body; it is copied only when something is removed, which is rare.
    if (!isChanged) return bytes.subarray(0, isHeld ? start : bytes.length);
    return Buffer.concat(isHeld ? lines : [...lines, rest]);
  }

  /** What is passed on of a line, or of the end of one. */
  #take(line: Buffer): Buffer {
    const isWhole = !this.#isMidLine;
    this.#isMidLine = false;
    if (!isWhole || line.length > longestLine) return line;
    const text = line.toString('latin1');
    if (/^\r?\n$/.test(text)) this.#inHead = false;
    this.#isFinal ||= finalStatus.test(text);
    const [, digits, repetitions, end] = length.exec(text) ?? [];
    if (digits === undefined) return line;
    if (digits === this.#length) return nothing;
    this.#length ??= digits;
    return repetitions === '' ? line : Buffer.from(`Content-Length: ${digits}${end}`);
  }
}

/** Whether more of a line has to be seen: it may be the empty one that ends the head, or a length. */
function isOfNote(start: Buffer): boolean {
  if (start.length > longestLine) return false;
  const text = start.toString('latin1').toLowerCase();
  return text === '\r' || name.startsWith(text) || text.startsWith(name);
}
