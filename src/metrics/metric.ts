/** What a service tells of itself to Prometheus and its like. */

/** One value of a metric; a metric with several has labels that tell them apart. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The name without the prefix of the service; that of a counter ends with `_total`. */
interface Described {
  readonly name: string;
  /** One sentence. */
  readonly help: string;
}

/** A number that only grows, or one of the moment. */
export interface Values extends Described {
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

/** How many of what was measured were no more than each bound. */
export interface Distribution extends Described {
  readonly type: 'histogram';
  /** By growing bounds; each count includes the counts before it. */
  readonly buckets: readonly { readonly bound: number; readonly count: number }[];
  readonly sum: number;
  readonly count: number;
}

export type Metric = Values | Distribution;

export function counter(name: string, help: string, values: number | readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples: toSamples(values) };
}

/** @param values undefined where it is not known at the moment, which shows no value */
export function gauge(
  name: string,
  help: string,
  values: number | undefined | readonly Sample[],
): Metric {
  return { name, type: 'gauge', help, samples: toSamples(values) };
}

function toSamples(values: number | undefined | readonly Sample[]): readonly Sample[] {
  if (values === undefined) return [];
  return typeof values === 'number' ? [{ value: values }] : values;
}

/** Counts by one label, as samples. */
export function byLabel(
  label: string,
  counts: Iterable<readonly [value: string, count: number]>,
): readonly Sample[] {
  return [...counts].map(([value, count]) => ({ labels: { [label]: value }, value: count }));
}
