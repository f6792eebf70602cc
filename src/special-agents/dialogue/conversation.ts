/** One dialogue from the first prompt to the last answer. */

import { CourierError, cleanText, quote } from '../../faults/errors.ts';
import { redactSecrets } from '../../faults/redaction.ts';
import { formatLimit } from '../../times/durations.ts';
import { stripEcho } from './echo.ts';
import type { Line, LoginStep, Manner, Pager } from './manner.ts';
import { Matcher, type Pattern, showPattern } from './patterns.ts';
import { Screen } from './screen.ts';
import { Spoken } from './spoken.ts';
import type { Wire } from './wire.ts';

/**
 * A part of a line may look like a prompt until the rest of it has come: what is met counts when
 * nothing follows it for so long, and longer when it is not the prompt that came before.
 */
const settleMs = 60;
const settleNewMs = 400;

/** Pages of one answer. */
const mostPages = 10_000;

export class Conversation {
  readonly #wire: Wire;
  readonly #manner: Manner;
  readonly #signal: AbortSignal;
  readonly #matcher = new Matcher();
  readonly #screen = new Screen();
  readonly #decoder: TextDecoder;
  readonly #spoken: Spoken;
  #heardBytes = 0;
  #isClosed = false;
  #hasSpoken = false;
  /** The prompt as it came the last time. */
  #prompt = '';

  constructor(wire: Wire, manner: Manner, signal: AbortSignal) {
    this.#wire = wire;
    this.#manner = manner;
    this.#signal = signal;
    this.#decoder = new TextDecoder(manner.encoding);
    this.#spoken = new Spoken(manner.trace);
  }

  /**
   * Logs in, up to the first prompt. A peer that lets us in without a question is no fault.
   *
   * @throws CourierError REFUSED when it says one of `refuse`, or asks for the same again
   */
  async login(steps: readonly LoginStep[]): Promise<void> {
    const { prompt } = this.#manner;
    if (prompt === undefined) return;
    for (let done = 0; ; ) {
      const expects = steps.map(({ expect }) => expect);
      const waited = [...expects, prompt];
      const what = done < steps.length ? `${showPattern(waited[done] ?? prompt)}` : 'the prompt';
      const met = await this.#until(waited, done === 0 ? `${what} after connecting` : what);
      if (met === expects.length) return this.#learn();
      const step = steps[met];
      if (step === undefined) continue;
      if (met < done) throw this.#refused(`it asks for ${showPattern(step.expect)} again`);
      // What it said before is no answer to what we say now.
      done = met + 1;
      this.#screen.clear();
      await this.#say(step.send);
    }
  }

  /**
   * Says a line and takes what comes, without echo, prompts and pagers.
   *
   * @param wrong lines that say that it was not understood
   * @throws CourierError PEER then
   */
  async ask(line: Line, wrong: readonly Pattern[] = []): Promise<string> {
    this.#screen.clear();
    if (this.#isClosed) throw this.#closed(`before ${quote(line.shown)}`);
    await this.#say(line);
    const { prompt, end, quietMs } = this.#manner;
    if (quietMs !== undefined) await this.#untilQuiet(quietMs, line);
    else if (end !== undefined) await this.#untilEnd(end, line);
    else if (prompt !== undefined) {
      await this.#until([prompt], `the prompt after ${quote(line.shown)}`);
    }
    const lines = [...this.#screen.lines];
    if (prompt === undefined && this.#screen.line !== '') lines.push(this.#screen.line.trimEnd());
    const answer = stripEcho(lines, line.text, this.#prompt);
    this.#learn();
    if (wrong.length > 0) await this.#requireUnderstood(answer, wrong, line);
    return answer.map((one) => `${one}\n`).join('');
  }

  /**
   * Says goodbye, and waits a moment for the peer to close: who hangs up at once leaves it with a
   * session that it may not notice to be over.
   */
  async leave(line: Line): Promise<void> {
    if (this.#isClosed) return;
    await this.#say(line);
    for (let turn = 0; turn < leaveTurns && (await this.#listen(leaveMs)); turn += 1);
  }

  async close(): Promise<void> {
    this.#spoken.flush();
    await this.#matcher.close();
  }

  #learn(): void {
    if (this.#manner.prompt !== undefined) this.#prompt = this.#screen.line.trimEnd();
    this.#screen.clear();
  }

  /** Waits until the line without an end fits one of the patterns, and turns pages. */
  async #until(patterns: readonly Pattern[], what: string): Promise<number> {
    const { pagers } = this.#manner;
    const all = [...patterns, ...pagers.map(({ when }) => when)];
    for (let pages = 0; ; ) {
      const { line } = this.#screen;
      const met = line === '' ? -1 : await this.#find(all, [line]);
      if (met < 0) await this.#hear(what);
      else if (await this.#isSettled(line, patterns[met] === this.#manner.prompt)) {
        const pager = pagers[met - patterns.length];
        if (pager === undefined) return met;
        pages += 1;
        if (pages > mostPages) throw this.#tooLarge(`more than ${mostPages} pages`);
        await this.#turn(pager);
      }
    }
  }

  async #untilEnd(end: Pattern, line: Line): Promise<void> {
    for (let looked = 0; ; ) {
      const fresh = this.#screen.lines.slice(looked);
      for (const [index, one] of fresh.entries()) {
        if ((await this.#find([end], [one])) < 0) continue;
        this.#screen.cutAt(looked + index);
        return;
      }
      looked += fresh.length;
      await this.#turnPage();
      await this.#hear(`the line ${showPattern(end)} after ${quote(line.shown)}`);
    }
  }

  async #untilQuiet(quietMs: number, line: Line): Promise<void> {
    await this.#hear(`an answer to ${quote(line.shown)}`);
    while (!this.#isClosed) {
      await this.#turnPage();
      if (!(await this.#listen(quietMs))) return;
    }
  }

  async #turnPage(): Promise<void> {
    const { pagers } = this.#manner;
    const { line } = this.#screen;
    if (pagers.length === 0 || line === '') return;
    const pager =
      pagers[
        await this.#find(
          pagers.map(({ when }) => when),
          [line],
        )
      ];
    if (pager !== undefined) await this.#turn(pager);
  }

  async #turn({ send }: Pager): Promise<void> {
    this.#screen.dropLine();
    this.#spoken.say(send);
    await this.#wire.write(this.#encode(send), this.#signal);
  }

  /** Whether nothing follows what looks like the end of what a peer says. */
  async #isSettled(line: string, isPrompt: boolean): Promise<boolean> {
    const isNew = isPrompt && line.trimEnd() !== this.#prompt;
    return !(await this.#listen(isNew ? settleNewMs : settleMs));
  }

  async #say({ text, shown }: Line): Promise<void> {
    this.#hasSpoken = true;
    this.#spoken.say(`${shown}${this.#manner.enter}`);
    await this.#wire.write(this.#encode(text + this.#manner.enter), this.#signal);
  }

  #encode(text: string): Buffer {
    return Buffer.from(text, this.#manner.encoding === 'latin1' ? 'latin1' : 'utf8');
  }

  /** @throws CourierError TIMEOUT when nothing comes, UNREACHABLE when nothing can come any more */
  async #hear(what: string): Promise<void> {
    const { idleMs, shown } = this.#manner;
    const isRefused = await this.#isRefused();
    const mayGoOn = isRefused && this.#hasSpoken;
    if (await this.#listen(mayGoOn ? Math.min(idleMs, refusedMs) : idleMs)) return;
    if (isRefused) throw this.#refused('it does not let us in');
    if (this.#isClosed) throw this.#closed(`while we wait for ${what}`);
    const last = this.#lastWords();
    throw new CourierError(
      'TIMEOUT',
      `${shown}: ${what} does not come within ${formatLimit(idleMs)}${last}`,
    );
  }

  /** @returns whether anything came */
  async #listen(waitMs: number): Promise<boolean> {
    const heard = this.#isClosed ? 'closed' : await this.#wire.read(waitMs, this.#signal);
    if (heard === 'closed') this.#isClosed = true;
    if (typeof heard === 'string') return false;
    this.#heardBytes += heard.length;
    const { mostBytes } = this.#manner;
    if (this.#heardBytes > mostBytes) throw this.#tooLarge(`more than ${mostBytes} bytes`);
    const text = this.#decoder.decode(heard, { stream: true });
    this.#spoken.hear(text);
    this.#screen.print(text);
    // What a screen would show may be far more than what was sent.
    if (this.#screen.size > mostBytes) throw this.#tooLarge(`more than ${mostBytes} bytes`);
    return true;
  }

  /**
   * Whether it said, since we spoke last, that we are not to come in. A banner may use the same
   * words: it counts only when neither a prompt nor a question follows.
   */
  async #isRefused(): Promise<boolean> {
    const { refuse } = this.#manner;
    if (refuse.length === 0 || this.#prompt !== '') return false;
    const { lines: all, line: last } = this.#screen;
    const lines = [...all.slice(-10 * refusedLines), last].filter((line) => line !== '');
    const options = { isPart: true, signal: this.#signal };
    return (await this.#matcher.find(refuse, lines.slice(-refusedLines), options)) >= 0;
  }

  async #requireUnderstood(
    answer: readonly string[],
    wrong: readonly Pattern[],
    { shown }: Line,
  ): Promise<void> {
    for (const one of answer.slice(0, wrongLines)) {
      if ((await this.#matcher.find(wrong, [one], { isPart: true, signal: this.#signal })) < 0)
        continue;
      const said = quote(cleanText(redactSecrets(one.trim()), 120));
      throw new CourierError('PEER', `${this.#manner.shown}: to ${quote(shown)} it says ${said}`);
    }
  }

  #find(patterns: readonly Pattern[], lines: readonly string[]): Promise<number> {
    return this.#matcher.find(patterns, lines, { signal: this.#signal });
  }

  #refused(why: string): CourierError {
    return new CourierError('REFUSED', `${this.#manner.shown}: ${why}${this.#lastWords()}`);
  }

  #closed(when: string): CourierError {
    const what = `the connection was closed ${when}`;
    return new CourierError('UNREACHABLE', `${this.#manner.shown}: ${what}${this.#lastWords()}`);
  }

  #tooLarge(what: string): CourierError {
    return new CourierError('TOO_LARGE', `${this.#manner.shown}: ${what}`);
  }

  #lastWords(): string {
    const said = [...this.#screen.lines.slice(-lastLines), this.#screen.line].join('\n').trim();
    return said === '' ? '' : `; it said last ${quote(cleanText(redactSecrets(said), 120))}`;
  }
}

/** A peer that refuses may ask once more, and then it is over. */
const refusedMs = 3000;

const leaveMs = 300;
const leaveTurns = 5;

/** What was not understood is said at once. */
const wrongLines = 20;
const refusedLines = 50;
const lastLines = 3;
