/** Answers and sections that are kept between two runs: `cache:` of a step and of a section. */

import type { Clock } from '../../clock.ts';
import type { KeptState } from '../kept-state.ts';
import type { Evaluator } from './evaluator.ts';
import type { Values } from './parameters.ts';
import type { HttpStep, RecipeSection } from './schema.ts';
import type { MadeRow } from './thread/messages.ts';
import { toList } from './to-list.ts';

/** From when something is, and for how long it counts as fresh. */
export interface Freshness {
  readonly sinceMs: number;
  readonly forMs: number;
}

export class KeptAnswers {
  /** Undefined where nothing is kept, as of a recording. */
  readonly #state: KeptState | undefined;
  readonly #evaluator: Evaluator;
  readonly #clock: Clock;
  /** Whom it was asked for: what a parameter changes is another answer. */
  readonly #asked: string;
  readonly #steps = new Map<string, Freshness>();

  constructor(
    state: KeptState | undefined,
    { evaluator, clock, values }: { evaluator: Evaluator; clock: Clock; values: Values },
  ) {
    this.#state = state;
    this.#evaluator = evaluator;
    this.#clock = clock;
    this.#asked = JSON.stringify([...values.open]);
  }

  /** Asks a step, unless its answer is kept and fresh. */
  async ask(step: HttpStep, run: () => Promise<boolean>): Promise<boolean> {
    const { cache, name } = step;
    if (cache === undefined || this.#state === undefined) return run();
    const key = this.#keyOf('step', step);
    const kept = await this.#read(key, cache);
    if (kept !== undefined) {
      await this.#evaluator.set(name, kept.value);
      this.#steps.set(name, { sinceMs: kept.sinceMs, forMs: cache });
      return true;
    }
    const nowMs = this.#clock.now();
    if (!(await run())) return false;
    await this.#state.write(key, { sinceMs: nowMs, value: await this.#evaluator.take(name) });
    this.#steps.set(name, { sinceMs: nowMs, forMs: cache });
    return true;
  }

  /** Rows of a section that are kept and fresh. */
  async rowsOf(
    section: RecipeSection,
  ): Promise<{ readonly rows: readonly MadeRow[]; readonly since: Freshness } | undefined> {
    if (section.cache === undefined) return undefined;
    const kept = await this.#read(this.#keyOf('section', section), section.cache);
    if (kept === undefined) return undefined;
    const rows = toList(kept.value).filter(isRow);
    return { rows, since: { sinceMs: kept.sinceMs, forMs: section.cache } };
  }

  async keepRows(section: RecipeSection, rows: readonly MadeRow[]): Promise<void> {
    if (section.cache === undefined) return;
    const nowMs = this.#clock.now();
    const kept = { sinceMs: nowMs, value: rows };
    await this.#state?.write(this.#keyOf('section', section), kept);
  }

  /** Of what a section is made: the oldest of it, and for as long as the first of it is fresh. */
  freshnessOf(section: RecipeSection, steps: readonly string[]): Freshness | undefined {
    const { cache } = section;
    const nowMs = this.#clock.now();
    if (cache !== undefined) return { sinceMs: nowMs, forMs: cache };
    const kept = steps.flatMap((name) => this.#steps.get(name) ?? []);
    if (kept.length === 0) return undefined;
    return {
      sinceMs: Math.min(...kept.map(({ sinceMs }) => sinceMs)),
      forMs: Math.min(...kept.map(({ forMs }) => forMs)),
    };
  }

  #keyOf(kind: string, part: object): string {
    return `${kind} ${JSON.stringify(part)} ${this.#asked}`;
  }

  async #read(key: string, forMs: number) {
    const kept = await this.#state?.read(key);
    if (typeof kept !== 'object' || kept === null) return undefined;
    const sinceMs: unknown = Reflect.get(kept, 'sinceMs');
    const value: unknown = Reflect.get(kept, 'value');
    if (typeof sinceMs !== 'number') return undefined;
    const ageMs = this.#clock.now() - sinceMs;
    return ageMs >= 0 && ageMs < forMs ? { sinceMs, value } : undefined;
  }
}

function isRow(value: unknown): value is MadeRow {
  if (typeof value !== 'object' || value === null) return false;
  const row: unknown = Reflect.get(value, 'row');
  return typeof row === 'string' || Array.isArray(row);
}
