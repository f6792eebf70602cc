/** A section of a recipe → rows through the writer. */

import { CourierError, quote } from '../../faults/errors.ts';
import { type Row, type SectionWriter, toHostGate } from '../section-writer.ts';
import type { Evaluator } from './evaluator.ts';
import type { Freshness, KeptAnswers } from './kept-answers.ts';
import type { RecipeSection } from './schema.ts';
import type { MadeRow, RowExpressions } from './thread/messages.ts';

/**
 * @returns what is wrong with rows that were left out; the others are written
 * @throws CourierError when an expression fails, or a limit is passed; nothing is written then
 */
export async function writeSection(
  section: RecipeSection,
  { evaluator, kept }: { readonly evaluator: Evaluator; readonly kept: KeptAnswers },
  writer: SectionWriter,
  steps: readonly string[],
): Promise<CourierError | undefined> {
  const { when, piggyback } = section;
  if (when !== undefined && !isTrue(await evaluator.evaluate({ expression: when, variables: {} })))
    return undefined;
  const made = await evaluator.rows({
    each: section.each,
    row: toRowExpressions(section),
    ...(piggyback === undefined ? {} : { piggyback }),
    variables: {},
  });
  await kept.keepRows(section, made);
  return writeRows(section, made, kept.freshnessOf(section, steps), writer);
}

/**
 * Writes rows that are made already.
 *
 * @returns what is wrong with those that are left out
 * @throws CourierError REFUSED for hosts that it may not speak for; the others are written
 */
export function writeRows(
  section: RecipeSection,
  made: readonly MadeRow[],
  cached: Freshness | undefined,
  writer: SectionWriter,
): CourierError | undefined {
  const { name, separator, piggyback, hosts } = section;
  const rows = made.filter(({ lacks }) => lacks === undefined);
  const header = { name, separator, cached };
  if (piggyback === undefined || hosts === undefined) {
    if (rows.length > 0 || name !== 'local')
      writer.section(
        header,
        rows.map(({ row }) => row),
      );
    return describeLeftOut(made);
  }
  const gate = toHostGate(hosts);
  const strangers: string[] = [];
  for (const [host, own] of byHost(rows)) {
    if (!writer.piggyback(host, gate, header, own)) strangers.push(host);
  }
  if (strangers.length > 0) throw refused(strangers);
  return describeLeftOut(made);
}

function describeLeftOut(made: readonly MadeRow[]): CourierError | undefined {
  const leftOut = made.filter(({ lacks }) => lacks !== undefined);
  if (leftOut.length === 0) return undefined;
  const keys = [...new Set(leftOut.map(({ lacks }) => lacks))].join(', ');
  return new CourierError(
    'MALFORMED',
    `${leftOut.length} of ${made.length} rows are left out, which have no ${keys}`,
  );
}

/** JSONata's idea of what is true, of values that come out of it. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTrue);
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function toRowExpressions({ json, must = [], text, line, service }: RecipeSection): RowExpressions {
  if (json !== undefined) return { kind: 'json', of: json, must };
  if (line !== undefined) return { kind: 'line', of: line };
  if (service !== undefined) {
    const { name, state, metrics = {}, text: said = '""' } = service;
    return { kind: 'service', name, state, metrics, text: said };
  }
  return { kind: 'text', of: text ?? '$' };
}

function byHost(rows: readonly MadeRow[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const { host = '', row } of rows) {
    const own = found.get(host) ?? [];
    found.set(host, own);
    own.push(row);
  }
  return found;
}

function refused(hosts: readonly string[]): CourierError {
  const shown = hosts
    .slice(0, 3)
    .map((host) => quote(host))
    .join(', ');
  const more = hosts.length > 3 ? ` and ${hosts.length - 3} more` : '';
  return new CourierError('REFUSED', `hosts: does not let these pass: ${shown}${more}`);
}
