/** A place in a text of Python, and what is told of it. */

import { CourierError, quote } from '../../faults/errors.ts';

/** White space, comments, and lines that a backslash continues: a piece, since groups take stack. */
const blank = /[ \t\f\n]+|#[^\n]*|\\\n/y;

/** The same within one line. */
const gap = /[ \t\f]+|\\\n/y;

export class Scanner {
  readonly #text: string;
  position = 0;

  constructor(text: string) {
    this.#text = text.replace(/\r\n?/g, '\n');
  }

  isAtEnd(): boolean {
    return this.position >= this.#text.length;
  }

  skipBlank(): void {
    while (this.match(blank) !== undefined);
  }

  skipGap(): void {
    while (this.match(gap) !== undefined);
  }

  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  /** @param form a sticky expression */
  match(form: RegExp): string | undefined {
    const found = this.lookAt(form);
    this.position += found?.length ?? 0;
    return found;
  }

  /** The same without going on. */
  lookAt(form: RegExp): string | undefined {
    form.lastIndex = this.position;
    return form.exec(this.#text)?.[0];
  }

  /** Whether a comma stands between an earlier position and this one, but for comments. */
  sawComma(since: number): boolean {
    return this.#text
      .slice(since, this.position)
      .replace(/#[^\n]*/g, '')
      .includes(',');
  }

  describeNext(): string {
    if (this.isAtEnd()) return 'the end';
    return quote(String.fromCodePoint(this.#text.codePointAt(this.position) ?? 0));
  }

  refuse(why: string): CourierError {
    const line = this.#text.slice(0, this.position).split('\n').length;
    return new CourierError('MALFORMED', `line ${line}: ${why}`);
  }
}
