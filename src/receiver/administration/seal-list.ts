/** Enrolments for people and scripts: `cmk-courier seals list` and `show`. */

import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { isHostName } from '../../names/host-name.ts';
import {
  type EnrolledKey,
  type Enrolment,
  endOf,
  isSealOptional,
} from '../../sealing/enrolment.ts';
import { daysUntil, warnedDays } from '../../sealing/key-end.ts';
import { fingerprintOf } from '../../sealing/keys.ts';
import type { SealBook } from '../../sealing/seal-book.ts';
import { fromStamp } from '../../sealing/stamp.ts';

/** Lists all enrolments, one line a key; a damaged one does not keep others from being listed. */
export async function listEnrolments(
  book: SealBook,
  isJson: boolean,
  context: CommandContext,
): Promise<void> {
  const { clock } = context;
  const documents: object[] = [];
  const lines: string[] = [];
  for (const name of await book.enrolments.names()) {
    try {
      const enrolment = await book.enrolments.load(name);
      if (enrolment === undefined) continue;
      documents.push(await toDocument(enrolment, book, clock.now()));
      lines.push(...enrolment.keys.map((key) => toLine(name, key, clock.now())));
      if (enrolment.keys.length === 0) lines.push(`${name} has no key`);
    } catch (thrown) {
      const { message } = asCourierError(thrown, 'reading');
      documents.push({ name, fault: message });
      lines.push(`${name} cannot be read: ${message}`);
    }
  }
  if (isJson) return printJson({ enrolments: documents }, context);
  if (lines.length === 0) lines.push('no host is enrolled');
  await context.writeOutput(Buffer.from(lines.map((line) => `${line}\n`).join('')));
}

/** One enrolment, with all that is known of it. */
export async function describeEnrolment(
  enrolment: Enrolment,
  book: SealBook,
  clock: Clock,
): Promise<string> {
  const { name, optionalUntil, keys } = enrolment;
  const isOptional = isSealOptional(enrolment, clock.now());
  const requires = isOptional ? `optional until ${optionalUntil}` : 'required';
  const last = await lastOf(name, book);
  const lines = [
    `${name}: a seal is ${requires}`,
    ...(last === undefined ? [] : [`  accepted last ${last}`]),
    ...keys.map((key) => `  ${toLine('', key, clock.now()).trim()}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function toLine(name: string, key: EnrolledKey, nowMs: number): string {
  const { kind, id, label, since, piggyback } = key;
  const what = kind === 'mac' ? 'secret' : 'key';
  const also = piggyback.length === 0 ? '' : `, piggyback ${piggyback.join(' ')}`;
  return `${name} ${fingerprintOf(id)} ${what} "${label}" since ${since}, ${stateOf(key, nowMs)}${also}`;
}

/** The state of a key; what needs attention comes first. */
function stateOf(key: EnrolledKey, nowMs: number): string {
  if (key.revoked !== undefined) return `revoked ${key.revoked}`;
  const endMs = endOf(key);
  if (endMs === undefined) return 'good';
  if (endMs <= nowMs) return `EXPIRED ${key.until}`;
  const days = daysUntil(endMs, nowMs);
  return days <= warnedDays ? `EXPIRES in ${days} days` : `good until ${key.until}`;
}

async function toDocument(enrolment: Enrolment, book: SealBook, nowMs: number): Promise<object> {
  const { name, optionalUntil, keys } = enrolment;
  return {
    name,
    optionalUntil: optionalUntil ?? null,
    acceptedLast: (await lastOf(name, book)) ?? null,
    keys: keys.map((key) => ({
      kind: key.kind,
      id: key.id,
      fingerprint: fingerprintOf(key.id),
      label: key.label,
      since: key.since,
      piggyback: key.piggyback,
      until: key.until ?? null,
      revoked: key.revoked ?? null,
      state: stateOf(key, nowMs),
    })),
  };
}

/** When the last drop of a host was produced. */
async function lastOf(name: string, book: SealBook): Promise<string | undefined> {
  const last = isHostName(name) ? await book.accepted.last(name) : 'none';
  return typeof last === 'string' ? undefined : fromStamp(last.produced).toISOString();
}
