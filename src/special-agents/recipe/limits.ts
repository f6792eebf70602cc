/** How much a recipe may ask, take and make; each limit has a name that its fault tells. */

import { parsePositiveDuration, parseSize } from '../../cli/option-types.ts';

/** Sizes are bytes, times milliseconds. */
export const limitTable = {
  body: { kind: 'size', fallback: parseSize('64MiB'), describe: 'of one answer' },
  memory: { kind: 'size', fallback: parseSize('512MiB'), describe: 'of expressions and answers' },
  expression: {
    kind: 'time',
    fallback: parsePositiveDuration('10s'),
    describe: 'of one expression',
  },
  text: { kind: 'count', fallback: 8_000_000, describe: 'characters of one text' },
  depth: { kind: 'count', fallback: 100, describe: 'levels of one answer' },
  records: { kind: 'count', fallback: 500_000, describe: 'records of one step' },
  rows: { kind: 'count', fallback: 200_000, describe: 'rows of one section' },
  pages: { kind: 'count', fallback: 1000, describe: 'pages of one question' },
  loop: { kind: 'count', fallback: 10_000, describe: 'rounds of one `for`' },
  atOnce: { kind: 'count', fallback: 6, describe: 'questions on their way at the same time' },
  requests: { kind: 'count', fallback: 20_000, describe: 'requests of one run' },
} as const;

export type LimitName = keyof typeof limitTable;
export type Limits = Readonly<Record<LimitName, number>>;

export const defaultLimits: Limits = {
  body: limitTable.body.fallback,
  memory: limitTable.memory.fallback,
  expression: limitTable.expression.fallback,
  text: limitTable.text.fallback,
  depth: limitTable.depth.fallback,
  records: limitTable.records.fallback,
  rows: limitTable.rows.fallback,
  pages: limitTable.pages.fallback,
  loop: limitTable.loop.fallback,
  atOnce: limitTable.atOnce.fallback,
  requests: limitTable.requests.fallback,
};
