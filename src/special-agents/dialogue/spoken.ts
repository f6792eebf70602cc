/** What is said and heard in a dialogue, as lines for people; in quotes, since blanks at an end count. */

import { redactSecrets } from '../../faults/redaction.ts';
import { showText } from './show-bytes.ts';

/** Of what is heard at a stretch, in characters; the rest is counted. */
const mostHeld = 65_536;

/** A secret may begin before the end of what is held: so much of it is not shown. */
const unsureEnd = 4096;

/**
 * Shows what is heard between two lines of ours as one line, however many packets it came in: a secret
 * that a peer gives back in pieces is struck all the same.
 */
export class Spoken {
  readonly #trace: (line: string) => void;
  #heard = '';
  #heardLength = 0;

  constructor(trace: (line: string) => void) {
    this.#trace = trace;
  }

  hear(text: string): void {
    this.#heardLength += text.length;
    const room = mostHeld - this.#heard.length;
    if (room > 0) this.#heard += text.slice(0, room);
  }

  /** @param shown without secrets */
  say(shown: string): void {
    this.flush();
    this.#trace(`> "${showText(shown)}"`);
  }

  /** Shows what was heard since. */
  flush(): void {
    if (this.#heardLength === 0) return;
    const isWhole = this.#heardLength === this.#heard.length;
    const sure = isWhole ? this.#heard : this.#heard.slice(0, -unsureEnd);
    const rest = isWhole ? '' : ` … ${this.#heardLength - sure.length} more`;
    this.#heard = '';
    this.#heardLength = 0;
    this.#trace(`< "${showText(redactSecrets(sure))}"${rest}`);
  }
}
