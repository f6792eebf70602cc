/** Each parameter of a host and the rule it came from, as `updates explain` shows it. */

import { formatDuration } from '../../times/durations.ts';
import { configurationOf, type Effective } from './matching.ts';
import type { KnownHost, ParameterValue, Updates } from './rules.ts';

export interface Explanation {
  readonly path: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly labels: readonly string[];
  readonly parameters: readonly ExplainedParameter[];
  readonly passedOver: readonly ExplainedRule[];
}

interface ExplainedParameter {
  readonly parameter: string;
  /** In the words of the file. */
  readonly value: string;
  readonly rule: string;
  readonly line: number;
}

interface ExplainedRule {
  readonly rule: string;
  readonly line: number;
  readonly why: string;
}

export function explainHost(updates: Updates, known: KnownHost): Explanation {
  const { parameters, passedOver } = configurationOf(updates, known);
  return {
    path: updates.path,
    host: known.host,
    tags: known.tags,
    labels: known.labels,
    parameters: [...parameters.values()].map(toExplained),
    passedOver: passedOver.map(({ rule, why }) => ({ rule: rule.name, line: rule.line, why })),
  };
}

function toExplained({ parameter, value, line, rule }: Effective): ExplainedParameter {
  return { parameter, value: describeValue(parameter, value), rule: rule.name, line };
}

function describeValue(parameter: string, value: ParameterValue): string {
  if (value === false) return 'left out';
  if (parameter === 'selfTest') return formatDuration(Number(value) * 1000);
  if (typeof value !== 'object') return String(value);
  const interval = 'interval' in value ? value.interval : undefined;
  const words = [
    interval === undefined ? undefined : `every ${formatDuration(interval * 1000)}`,
    value.from === undefined ? undefined : `from ${value.from}`,
    value.content === undefined
      ? undefined
      : `${Buffer.byteLength(value.content)} bytes written here`,
    value.confidential ? 'confidential' : undefined,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? 'as it is on the site' : words.join(', ');
}

/** For people: parameters in a table, and below it the rules that do not hold. */
export function toText(explained: Explanation): string {
  const { path, host, tags, labels, parameters, passedOver } = explained;
  const width = Math.max(0, ...parameters.map(({ parameter }) => parameter.length));
  const valueWidth = Math.max(0, ...parameters.map(({ value }) => value.length));
  const rows = parameters.map(({ parameter, value, rule, line }) => {
    return `  ${parameter.padEnd(width)}  ${value.padEnd(valueWidth)}  ${rule} (${path}:${line})\n`;
  });
  const others = passedOver.map(({ rule, line, why }) => `  ${rule} (${path}:${line}): ${why}\n`);
  const known = [...tags, ...labels].join(' ');
  return [
    `${host}${known === '' ? '' : `: ${known}`}\n`,
    ...(rows.length === 0 ? ['  no rule sets anything for it\n'] : rows),
    ...(others.length === 0 ? [] : ['rules that do not hold for it:\n', ...others]),
  ].join('');
}
