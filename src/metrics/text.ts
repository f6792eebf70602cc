/**
 * Metrics as text: in the format of Prometheus (0.0.4), and as OpenMetrics 1.0, in which the name of a
 * counter stands without `_total` where it is described and an end is marked
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
 */

import type { Distribution, Metric, Sample, Values } from './metric.ts';

export interface Format {
  readonly contentType: string;
  readonly isOpen: boolean;
}

const prometheus: Format = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  isOpen: false,
};

const openMetrics: Format = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  isOpen: true,
};

/** @param accept the header of that name: who does not name OpenMetrics gets what all can read */
export function chooseFormat(accept: string | undefined): Format {
  return /application\/openmetrics-text/i.test(accept ?? '') ? openMetrics : prometheus;
}

/**
 * What has no value at the moment is left out.
 *
 * @param prefix stands in front of each name: `cmk_courier_receiver_`
 */
export function toText(prefix: string, metrics: readonly Metric[], { isOpen }: Format): string {
  const lines = metrics.flatMap((metric) => toLines(`${prefix}${metric.name}`, metric, isOpen));
  return `${[...lines, ...(isOpen ? ['# EOF'] : [])].join('\n')}\n`;
}

function toLines(name: string, metric: Metric, isOpen: boolean): readonly string[] {
  const family = isOpen && metric.type === 'counter' ? name.replace(/_total$/, '') : name;
  const values = metric.type === 'histogram' ? toBuckets(name, metric) : toValueLines(name, metric);
  if (values.length === 0) return [];
  return [`# HELP ${family} ${metric.help}`, `# TYPE ${family} ${metric.type}`, ...values];
}

function toValueLines(name: string, { samples }: Values): readonly string[] {
  return samples.map((sample) => `${name}${toLabels(sample)} ${sample.value}`);
}

function toBuckets(name: string, { buckets, sum, count }: Distribution): readonly string[] {
  return [
    ...buckets.map((bucket) => `${name}_bucket{le="${bucket.bound}"} ${bucket.count}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ];
}

function toLabels({ labels = {} }: Sample): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${toQuotable(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** What a label holds may come from anywhere. */
function toQuotable(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
