/** Records → rows of a section. */

import { toList } from '../to-list.ts';
import type { Expressions } from './expressions.ts';
import { TaskFailure } from './failing.ts';
import type { MadeRow, RowExpressions, RowsTask } from './messages.ts';

/** @throws TaskFailure */
export async function makeRows(
  { each, row, piggyback, mostRows, variables }: Omit<RowsTask, 'task'>,
  root: unknown,
  expressions: Expressions,
): Promise<readonly MadeRow[]> {
  const records = toList(await expressions.evaluate(each, root, variables));
  if (records.length > mostRows) {
    throw new TaskFailure('TOO_LARGE', `${records.length} rows, allowed are ${mostRows}`, each);
  }
  const rows: MadeRow[] = [];
  for (const record of records) {
    const ask = (text: string) => expressions.evaluate(text, record, variables);
    const made = await makeRow(row, ask);
    if (made === undefined) continue;
    const isWhole = made.lacks === undefined && piggyback !== undefined;
    rows.push(isWhole ? { ...made, host: toText(await ask(piggyback)) } : made);
  }
  return rows;
}

type Ask = (expression: string) => Promise<unknown>;

/** @returns undefined where the expression finds nothing: no row */
async function makeRow(row: RowExpressions, ask: Ask): Promise<MadeRow | undefined> {
  switch (row.kind) {
    case 'json': {
      const found = await ask(row.of);
      const lacks = row.must.find((key) => lacksKey(found, key));
      if (found === undefined) return undefined;
      return lacks === undefined ? { row: JSON.stringify(found) } : { row: '', lacks };
    }
    case 'text': {
      const found = await ask(row.of);
      return found === undefined ? undefined : { row: toText(found) };
    }
    case 'line': {
      const fields: string[] = [];
      for (const field of row.of) fields.push(toText(await ask(field)));
      return { row: fields };
    }
    case 'service':
      return { row: await makeService(row, ask) };
  }
}

function lacksKey(found: unknown, key: string): boolean {
  if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return true;
  return (Reflect.get(found, key) ?? undefined) === undefined;
}

/** Text as it is, other values as JSON, nothing as an empty text. */
function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A row of `<<<local>>>` (agent-output.md#local-checks). */
async function makeService(
  { name, state, text, metrics }: RowExpressions & { kind: 'service' },
  ask: Ask,
): Promise<string> {
  const service = toText(await ask(name))
    .replace(/["'\\]/g, ' ')
    .trim();
  if (service === '') throw new TaskFailure('MALFORMED', 'a service without a name', name);
  const given = await ask(state);
  if (typeof given !== 'number' || ![0, 1, 2, 3].includes(given)) {
    throw new TaskFailure('MALFORMED', `a state is 0, 1, 2 or 3, not ${toText(given)}`, state);
  }
  const values: string[] = [];
  for (const [metric, expression] of Object.entries(metrics)) {
    const value = await ask(expression);
    if (value === undefined || value === null) continue;
    const amount = Number(value);
    if (!Number.isFinite(amount)) {
      throw new TaskFailure('MALFORMED', `${metric} is no number: ${toText(value)}`, expression);
    }
    values.push(`${metric}=${toDecimals(amount)}`);
  }
  const shown = toText(await ask(text))
    .replaceAll('\\', '/')
    .replaceAll('|', '¦');
  return `${given} "${service}" ${values.length === 0 ? '-' : values.join('|')} ${shown}`;
}

/** Never an exponent, which the site does not read. */
function toDecimals(value: number): string {
  return Number.isInteger(value)
    ? BigInt(value).toString()
    : value.toFixed(6).replace(/\.?0+$/, '');
}
