/**
 * An enrolment: who may seal for a host or a pattern of hosts, as the file that people read and
 * edit. Fields of a key follow its line; lines of `#` and empty ones are passed over.
 */

import { CourierError } from '../faults/errors.ts';
import { globMatcher } from '../names/glob.ts';
import type { HostName } from '../names/host-name.ts';
import { type Field, PayloadReader, writePayload } from './payload.ts';

/** A key or shared secret, and what may be sealed with it. */
export interface EnrolledKey {
  readonly kind: 'key' | 'mac';
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** When it was enrolled: a day, `2026-11-28`. */
  readonly since: string;
  /** The last day it is good; undefined: it does not expire. */
  readonly until: string | undefined;
  /** The day it was taken back; it stays here, so that nobody enrols it again by accident. */
  readonly revoked: string | undefined;
  /** Names of other hosts that piggyback may be for. */
  readonly piggyback: readonly string[];
  /** SubjectPublicKeyInfo of a key; a secret lies apart. */
  readonly der: Buffer | undefined;
}

export interface Enrolment {
  /** A host, or a pattern with `*` and `?`. */
  readonly name: string;
  /** Up to which day output without a seal passes as well; undefined: it never does. */
  readonly optionalUntil: string | undefined;
  readonly keys: readonly EnrolledKey[];
}

const day = /^\d{4}-\d\d-\d\d$/;
const dayMs = 86_400_000;

/** The end of a day in UTC, which belongs to it. */
export function endOfDay(text: string): number {
  return Date.parse(`${text}T00:00:00Z`) + dayMs;
}

/** Whether a text is a day that there is. */
export function isDay(text: string): boolean {
  const time = new Date(`${text}T00:00:00Z`);
  return day.test(text) && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

/** A day in UTC. */
export function toDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Whether output without a seal passes on ways that prove nothing. */
export function isSealOptional({ optionalUntil }: Enrolment, nowMs: number): boolean {
  return optionalUntil !== undefined && nowMs < endOfDay(optionalUntil);
}

/** When a key ends, in milliseconds since 1970; undefined when it does not. */
export function endOf({ until }: EnrolledKey): number | undefined {
  return until === undefined ? undefined : endOfDay(until);
}

/** Whether piggyback for another host may be sealed with a key. */
export function mayPiggyback({ piggyback }: Pick<EnrolledKey, 'piggyback'>, host: string): boolean {
  return piggyback.some((pattern) => globMatcher(pattern)(host));
}

/** The most exact of the patterns that fit a host: the longest. */
export function findPattern(names: readonly string[], host: HostName): string | undefined {
  const fitting = names.filter((name) => /[*?]/.test(name) && globMatcher(name)(host));
  return fitting.sort((one, other) => other.length - one.length || (one < other ? -1 : 1))[0];
}

/** The text of the file. */
export function writeEnrolment({ name, optionalUntil, keys }: Enrolment): string {
  const head = `# Who may seal the agent output of ${name}: \`cmk-courier seals show '${name}'\`\n`;
  const requires = optionalUntil === undefined ? 'yes' : `no until ${optionalUntil}`;
  const texts = [writePayload([['requires', requires]]), ...keys.map(writeKey)];
  return head + texts.map((text) => text.toString('latin1')).join('\n');
}

function writeKey(key: EnrolledKey): Buffer {
  const { kind, id, label, since, until, revoked, piggyback, der } = key;
  const optional = Object.entries({ until, revoked });
  return writePayload([
    [kind, id],
    ['label', label],
    ['since', since],
    ...optional.filter((field): field is [string, string] => field[1] !== undefined),
    ...piggyback.map((pattern): Field => ['piggyback', pattern]),
    ...(der === undefined ? [] : [['public', der] as const]),
  ]);
}

const longestLabel = 80;

/** What a label may be: it stands in lines of the log and in services. */
export function isLabel(text: string): boolean {
  const isPlain = /^[\x21-\x7e](?:[ -~]*[\x21-\x7e])?$/.test(text) && !text.includes('|');
  return isPlain && text.length <= longestLabel;
}

/** The label of a key that nobody has named, by the host or pattern it is for. */
export function toLabel(name: string): string {
  return name.replace(/[*?]/g, '-').slice(0, longestLabel);
}

/**
 * Reads the text of a file.
 *
 * @throws CourierError CONFIG
 */
export function readEnrolment(name: string, text: string): Enrolment {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  try {
    const reader = new PayloadReader(Buffer.from(`${lines.join('\n')}\n`));
    const requires = reader.take('requires', isRequirement);
    const keys: EnrolledKey[] = [];
    while (!reader.isAtEnd) keys.push(readKey(reader));
    return { name, optionalUntil: requires.split(' ')[2], keys };
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    throw new CourierError('CONFIG', error.message.replace(/^.*?: /, ''), { cause: error });
  }
}

function isRequirement(value: string): boolean {
  const [, until] = /^no until (\S+)$/.exec(value) ?? [];
  return value === 'yes' || (until !== undefined && isDay(until));
}

const id = /^[0-9a-f]{64}$/;

function readKey(reader: PayloadReader): EnrolledKey {
  const kind = reader.isNext('mac') ? 'mac' : 'key';
  const takeDay = (name: string) => (reader.isNext(name) ? reader.take(name, isDay) : undefined);
  const key = {
    kind,
    id: reader.take(kind, id),
    label: reader.take('label', isLabel),
    since: reader.take('since', isDay),
    until: takeDay('until'),
    revoked: takeDay('revoked'),
  } as const;
  const piggyback: string[] = [];
  while (reader.isNext('piggyback')) piggyback.push(reader.take('piggyback', /^[\w.:%*?-]+$/));
  return { ...key, piggyback, der: kind === 'key' ? reader.takeBytes('public') : undefined };
}
