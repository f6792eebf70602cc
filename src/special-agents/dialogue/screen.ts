/**
 * What a peer prints for a terminal → the lines a person would have seen: escape sequences, carriage
 * returns and backspaces have their effect on the line and are gone.
 */

/** Sequences that begin and do not end are cut off here; no real one is as long. */
const longestSequence = 4096;

/** A cursor goes no further at once: a few bytes must not become a long line. */
const longestMove = 1000;

/** What an empty line takes, in characters. */
const lineCost = 16;

/** A line that a cursor was moved along further than this is nobody's. */
const longestLine = 65_536;

const ESC = '\x1b';
const BEL = '\x07';

export class Screen {
  #lines: string[] = [];
  #line: string[] = [];
  #column = 0;
  #size = 0;
  /** The start of a sequence whose end has not come. */
  #pending = '';

  /** Lines that are complete, in order. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** What the lines take in characters: cursor moves make more of it than what was sent. */
  get size(): number {
    return this.#size;
  }

  /** The line that has no end yet. */
  get line(): string {
    return this.#line.join('');
  }

  /** Begins anew; a line without an end stays, unless it is to go as well. */
  clear(withLine = true): void {
    this.#lines = [];
    this.#size = 0;
    if (withLine) this.dropLine();
  }

  /** Leaves out a line that is complete, and all behind it. */
  cutAt(index: number): void {
    this.#lines.length = Math.min(this.#lines.length, index);
    this.dropLine();
  }

  /** A pager's question is no part of the answer. */
  dropLine(): void {
    this.#line = [];
    this.#column = 0;
  }

  print(text: string): void {
    const all = this.#pending + text;
    this.#pending = '';
    for (let at = 0; at < all.length; ) {
      const character = all.charAt(at);
      if (character !== ESC) {
        this.#put(character);
        at += 1;
        continue;
      }
      const length = sequenceLength(all, at);
      if (length === undefined) {
        const rest = all.slice(at);
        if (rest.length <= longestSequence) this.#pending = rest;
        return;
      }
      this.#obey(all.slice(at, at + length));
      at += length;
    }
  }

  #put(character: string): void {
    if (character === '\n') this.#endLine();
    else if (character === '\r') this.#column = 0;
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (character === '\t' || character >= ' ') this.#write(character);
  }

  #write(character: string): void {
    if (character === '\x7f' || this.#column >= longestLine) return;
    while (this.#line.length < this.#column) this.#line.push(' ');
    this.#line[this.#column] = character;
    this.#column += 1;
  }

  #endLine(): void {
    const line = this.line.trimEnd();
    this.#lines.push(line);
    this.#size += line.length + lineCost;
    this.dropLine();
  }

  /** Of all sequences only those that move within the line or erase a part of it have an effect. */
  #obey(sequence: string): void {
    if (sequence === `${ESC}E` || sequence === `${ESC}D`) {
      this.#endLine();
      return;
    }
    const [, first = '', second = '', final] =
      /^\[(\d*)(?:;(\d*))?[\d;]*([A-Za-z@`])$/.exec(sequence.slice(1)) ?? [];
    const count = Math.min(Number(first || 1), longestMove);
    if (final === 'C') this.#column = Math.min(this.#column + count, longestLine);
    else if (final === 'D') this.#column = Math.max(0, this.#column - count);
    else if (final === 'G' || final === '`') this.#column = Math.max(0, count - 1);
    else if (final === 'H' || final === 'f') {
      this.#column = Math.max(0, Math.min(Number(second || 1), longestMove) - 1);
    } else if (final === 'K' || final === 'J') this.#erase(first);
  }

  #erase(what: string): void {
    if (what === '' || what === '0') this.#line.length = Math.min(this.#line.length, this.#column);
    else if (what === '2') this.#line = [];
    else if (what === '1') this.#line.fill(' ', 0, this.#column + 1);
  }
}

/** The length of the escape sequence that begins there; undefined when its end is not there yet. */
function sequenceLength(text: string, at: number): number | undefined {
  const kind = text.charAt(at + 1);
  if (kind === '') return undefined;
  if (kind === '[') return lengthTo(/[\x40-\x7e]/g, text, at, 2);
  // Operating system commands such as a title, and other strings: up to their terminator.
  if (']PX^_'.includes(kind)) return lengthTo(new RegExp(`${BEL}|${ESC}\\\\`, 'g'), text, at, 2);
  if (/[ -/]/.test(kind)) return lengthTo(/[0-~]/g, text, at, 2);
  return 2;
}

function lengthTo(end: RegExp, text: string, at: number, from: number): number | undefined {
  end.lastIndex = at + from;
  const found = end.exec(text);
  if (found === null || found.index - at > longestSequence) {
    return text.length - at > longestSequence ? from : undefined;
  }
  return found.index + found[0].length - at;
}
