/** A day of figures and hosts: noted once a minute, written now and then, and read at the next start. */

import type { Clock } from '../../clock.ts';
import type { HostName } from '../../names/host-name.ts';
import type { History } from '../history/history.ts';
import { type MinuteSeries, minuteMs } from '../history/series-history.ts';
import type { Series } from '../model.ts';
import type { FigureSpec, Figures } from './figures.ts';

const ofFetched: Pick<Series, 'name' | 'label'> = { name: 'age', label: 'Age of the output' };
/** Of hosts that push. */
export const ofPushed = { name: 'pushed', label: 'Age of what it sends' };

/** How often it is written. */
const saveMs = 5 * 60_000;

export class Remembered {
  readonly #history: History | undefined;
  readonly #clock: Clock;
  readonly #age: Pick<Series, 'name' | 'label'>;

  /** @param age what is the age of, which has a name of its own in each part */
  constructor(history: History | undefined, clock: Clock, age = ofFetched) {
    this.#history = history;
    this.#clock = clock;
    this.#age = age;
  }

  seriesOfHost(host: HostName): readonly Series[] {
    const found = this.#history?.hosts.series(host, this.#clock.now());
    if (found === undefined) return [];
    const { startMs, stepMs, ages, durations } = found;
    const age = { ...this.#age, values: ages };
    const duration = { name: 'duration', label: 'Duration of a cycle', values: durations };
    // Of a host that pushes there are no cycles.
    const isAsked = durations.some((value) => value !== null);
    const all = isAsked ? [age, duration] : [age];
    return all.map((one) => ({ ...one, unit: 'seconds', startMs, stepMs }));
  }

  /** Finds the day of a figure by its name. */
  readonly seriesOf = (specs: readonly FigureSpec[]) => {
    const units = new Map(specs.map(({ name, label, unit }) => [name, { label, unit }]));
    return (name: string): Series | undefined => {
      const known = units.get(name);
      const found = this.#history?.series.series(name, this.#clock.now());
      return known && found && { name, ...known, ...inLongerSteps(found) };
    };
  };

  /**
   * Notes figures until the signal aborts, and writes all that is remembered. Never rejects.
   *
   * @param look at hosts, as often as figures are noted; never rejects
   */
  async run(figures: Figures, signal: AbortSignal, look?: () => Promise<void>): Promise<void> {
    let savedMs = this.#clock.monotonic();
    while (!signal.aborted) {
      await this.#clock.sleep(minuteMs, signal).catch(() => undefined);
      if (!signal.aborted) {
        this.#history?.series.note(Object.fromEntries(figures.current().values), this.#clock.now());
        await look?.();
      }
      const nowMs = this.#clock.monotonic();
      if (!signal.aborted && nowMs - savedMs < saveMs) continue;
      savedMs = nowMs;
      await this.#history?.save();
    }
  }
}

/** A plot has no room for more steps. */
const minutesAStep = 5;

/** Of each longer step the largest value: what stands out must not vanish. */
function inLongerSteps({ startMs, stepMs, values }: MinuteSeries): MinuteSeries {
  const longer: (number | null)[] = [];
  for (let at = 0; at < values.length; at += minutesAStep) {
    const known = values.slice(at, at + minutesAStep).filter((value) => value !== null);
    longer.push(known.length === 0 ? null : Number(Math.max(...known).toPrecision(4)));
  }
  return { startMs, stepMs: stepMs * minutesAStep, values: longer };
}
