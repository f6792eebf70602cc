/** The rules that markers break, one by one and by what follows them. */

import { isBlank, type LostPiggyback } from './lookalikes.ts';
import { type MarkerRule, toMessage } from './messages.ts';
import { type Problem, ProblemList, quoteBytes } from './problems.ts';
import { isPiggyback, type Step } from './states.ts';

/** Where a marker may be lost, until the next one shows whether anything hangs on it. */
interface Suspicion {
  readonly step: Step;
  /** Undefined: nothing can hang on it, but problems are told in their order. */
  readonly lost: LostPiggyback | undefined;
  /** What is broken when nothing hangs on it. */
  readonly otherwise: MarkerRule | undefined;
}

/** More in a row are no accident, and memory is not for them. */
const mostSuspicions = 200;

/** What decides about them: the marker that comes next, or the end (undefined). */
type Next = Step | 'a section, supposedly' | undefined;

export class MarkerProblems {
  readonly #output: Buffer;
  readonly #problems: ProblemList;
  readonly #suspicions: Suspicion[] = [];

  constructor(output: Buffer) {
    this.#output = output;
    this.#problems = new ProblemList(output);
  }

  get recorded(): readonly Problem[] {
    return this.#problems.recorded;
  }

  get omitted(): number {
    return this.#problems.omitted;
  }

  report(step: Step, rule: MarkerRule): void {
    const { marker, before } = step;
    const { start, end } = marker;
    this.#problems.add(rule, start, isPiggyback(before), () =>
      toMessage(rule, quoteBytes(this.#output, start, end), before),
    );
  }

  reportOnce(step: Step, rule: MarkerRule): void {
    if (!this.#problems.has(rule)) this.report(step, rule);
  }

  /** What is told last, of the output as a whole. */
  reportLast({ after }: Step, rule: MarkerRule): void {
    this.#problems.add(rule, this.#output.length, false, () => toMessage(rule, '', after));
  }

  /** Keeps what only the next marker can tell; the end of a block where none is open is nothing. */
  suspect(step: Step, lost: LostPiggyback | undefined, otherwise: MarkerRule | undefined): void {
    const isStray = lost?.isClosing && !isPiggyback(step.before);
    const rule = isStray && step.marker.meaning.kind === 'lookalike' ? undefined : otherwise;
    if (this.#suspicions.length === mostSuspicions) this.settle('a section, supposedly');
    this.#suspicions.push({ step, lost: isStray ? undefined : lost, otherwise: rule });
  }

  /** Tells what was suspected, now that the next marker or the end is there. */
  settle(next: Next): void {
    if (this.#suspicions.length === 0) return;
    for (const { step, lost, otherwise } of this.#suspicions) {
      const rule = this.#hangsOn(step, lost, next) ? 'lost-piggyback' : otherwise;
      if (rule !== undefined) this.report(step, rule);
    }
    this.#suspicions.length = 0;
  }

  /** Whether a section follows that would be another host's without the brackets that are missing. */
  #hangsOn({ marker }: Step, lost: LostPiggyback | undefined, next: Next): boolean {
    if (lost === undefined || next === undefined) return false;
    if (typeof next === 'string') return lost.isSure;
    const { kind } = next.marker.meaning;
    if (kind !== 'header' && kind !== 'invalid-header') return false;
    return lost.isSure || this.#isBlank(marker.nextLine, next.marker.start);
  }

  #isBlank(from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) if (!isBlank(this.#output[at])) return false;
    return true;
  }
}
