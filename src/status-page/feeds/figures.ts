/**
 * Metrics → what the operations show: a number of the moment, or how fast a counter grows. Written
 * once for every part, so that what a part counts for Prometheus can be looked at here as well.
 */

import type { Clock } from '../../clock.ts';
import type { Metric } from '../../metrics/metric.ts';
import type { Figure, Level, OperationsTable, Series, Unit } from '../model.ts';

/** How a number is shown. */
export interface FigureSpec {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  /** Name of the metric, with its labels where it has any: `cycles_total{result=good}`. */
  readonly metric: string;
  /** `rate`: growth a second; `until`: days to a moment in Unix time. */
  readonly kind: 'value' | 'rate' | 'until';
  /** The metric that says how much there can be. */
  readonly limit?: string;
  /** From which value on it is no longer well; for `until` below which. */
  readonly warnAt?: number;
  readonly badAt?: number;
}

export type Numbers = ReadonlyMap<string, number>;

/** Rates over less time than this jump about. */
const shortestMs = 5000;

interface Taken {
  readonly numbers: Numbers;
  readonly tookMs: number;
}

export class Figures {
  readonly #read: () => readonly Metric[];
  readonly #specs: readonly FigureSpec[];
  readonly #clock: Clock;
  #before: Taken | undefined;
  #last: Taken | undefined;

  constructor(read: () => readonly Metric[], specs: readonly FigureSpec[], clock: Clock) {
    this.#read = read;
    this.#specs = specs;
    this.#clock = clock;
  }

  /** All numbers by name, `metric` or `metric{label=value}`, and those of the specs. */
  current(): FiguresNow {
    const metrics = this.#read();
    const numbers = toNumbers(metrics);
    const tookMs = this.#clock.monotonic();
    if (this.#last === undefined || tookMs - this.#last.tookMs >= shortestMs) {
      this.#before = this.#last;
      this.#last = { numbers, tookMs };
    }
    const nowMs = this.#clock.now();
    const values = new Map<string, number>();
    for (const spec of this.#specs) {
      const value = this.#valueOf(spec, numbers, nowMs);
      if (value !== undefined) values.set(spec.name, value);
    }
    return { metrics, numbers, values, specs: this.#specs };
  }

  #valueOf({ kind, metric }: FigureSpec, numbers: Numbers, nowMs: number): number | undefined {
    const value = numbers.get(metric);
    if (value === undefined) return kind === 'rate' ? 0 : undefined;
    if (kind === 'value') return value;
    if (kind === 'until') return Math.floor((value * 1000 - nowMs) / 86_400_000);
    const [before, last] = [this.#before, this.#last];
    if (before === undefined || last === undefined) return 0;
    const grown = (last.numbers.get(metric) ?? 0) - (before.numbers.get(metric) ?? 0);
    return Math.max(0, grown) / ((last.tookMs - before.tookMs) / 1000);
  }
}

export interface FiguresNow {
  readonly metrics: readonly Metric[];
  readonly numbers: Numbers;
  /** By the name of the spec. */
  readonly values: Numbers;
  readonly specs: readonly FigureSpec[];
}

function toNumbers(metrics: readonly Metric[]): Numbers {
  const numbers = new Map<string, number>();
  for (const metric of metrics) {
    if (metric.type === 'histogram') continue;
    for (const { labels = {}, value } of metric.samples) {
      const inside = Object.entries(labels).map(([label, text]) => `${label}=${text}`);
      numbers.set(inside.length === 0 ? metric.name : `${metric.name}{${inside.join(',')}}`, value);
    }
  }
  return numbers;
}

export function toFigures(
  { values, numbers, specs }: FiguresNow,
  seriesOf: (name: string) => Series | undefined,
): readonly Figure[] {
  return specs.flatMap((spec) => {
    const { name, label, unit } = spec;
    const value = values.get(name);
    if (value === undefined) return [];
    const limit = spec.limit === undefined ? undefined : numbers.get(spec.limit);
    const series = seriesOf(name);
    return [
      {
        ...{ name, label, unit, value: rounded(value), level: levelOf(spec, value, limit) },
        ...(limit === undefined ? {} : { note: `of ${limit}` }),
        ...(series === undefined ? {} : { series }),
      },
    ];
  });
}

/** Three digits are enough for people, and do not change with every look. */
function rounded(value: number): number {
  return Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 3));
}

function levelOf(
  { kind, warnAt, badAt }: FigureSpec,
  value: number,
  limit: number | undefined,
): Level {
  const isAtLimit = limit !== undefined && value >= limit;
  const isPast = (bound: number | undefined) =>
    bound !== undefined && (kind === 'until' ? value < bound : value >= bound);
  if (isPast(badAt)) return 'bad';
  return isAtLimit || isPast(warnAt) ? 'warn' : 'ok';
}

/** One counter by its label, the largest first. */
export function toCountTable(
  { metrics }: FiguresNow,
  {
    metric,
    ...table
  }: Pick<OperationsTable, 'name' | 'title' | 'whenEmpty'> & {
    readonly metric: string;
    readonly label: string;
  },
): OperationsTable {
  const found = metrics.find(({ name }) => name === metric);
  const samples = found === undefined || found.type === 'histogram' ? [] : found.samples;
  const counted = samples
    .filter(({ value }) => value > 0)
    .sort((one, other) => other.value - one.value);
  const { name, title, whenEmpty, label } = table;
  return {
    ...{ name, title, whenEmpty, count: counted.length },
    columns: [{ label }, { label: 'Number', unit: 'count' }],
    rows: counted.slice(0, mostRows).map(({ labels = {}, value }) => ({
      level: 'ok',
      cells: [Object.values(labels).join(' '), value],
    })),
  };
}

const mostRows = 100;

/** What no figure shows, by the sentence that describes it. */
export function toFurtherTable(
  { metrics, specs }: FiguresNow,
  shown: readonly string[],
): OperationsTable {
  const known = new Set(
    [...shown, ...specs.flatMap(({ metric, limit }) => [metric, limit ?? ''])].map(withoutLabels),
  );
  const rows = metrics.flatMap((metric) => {
    if (metric.type === 'histogram' || known.has(metric.name)) return [];
    return metric.samples.map(({ labels = {}, value }) => ({
      level: 'ok' as const,
      cells: [[metric.help, ...Object.values(labels)].join(' '), value],
    }));
  });
  return {
    ...{ name: 'further', title: 'Further figures', whenEmpty: 'None.', count: rows.length },
    columns: [{ label: 'What' }, { label: 'Value', unit: 'count' }],
    rows: rows.slice(0, mostRows),
  };
}

function withoutLabels(metric: string): string {
  return metric.split('{')[0] ?? metric;
}
