/**
 * What is called how in the spool: `a/web01~0mi7wq2d40x3f`, which is a directory, a host, a time,
 * a count and chance.
 *
 * Every output gets a name nobody else has or had, and names of a host sort by age. So no writer
 * ever replaces or removes what it does not know, and none has to wait for another process.
 */

import { crc32 } from 'node:zlib';
import { systemClock } from '../clock.ts';
import { type HostName, parseHostName } from '../names/host-name.ts';
import { chance } from '../system/chance.ts';

/** Names of a host are found by listing one of these directories, which so stay small. */
export const shards: readonly string[] = Array.from('0123456789abcdef');

/** How many outputs of a host are kept: the newest and the last one before it. */
export const keptPerHost = 2;

/** Where a writer puts what is no output. */
export const brokenDirectory = 'broken';

/** The directory for the files of a host. */
export function shardOf(host: HostName): string {
  return (crc32(host) % shards.length).toString(16);
}

/** No host name holds a `~`; a name of 240 characters and this stay below the 255 of Linux. */
const fileName = /^([^~]+)~([0-9a-z]{10})[0-9a-z]{3}$/;
const timeDigits = 9;
const versionDigits = timeDigits + 1;
const chanceDigits = 3;

/**
 * Sorts the outputs of a host by when they were produced, whichever process puts them: milliseconds,
 * and one digit to count what was produced within the same.
 *
 * @param newest of what the writer knows, which this is no older than
 */
export function nextVersion(producedAt: Date, newest: number | undefined): number {
  return Math.max(producedAt.getTime() * 36, (newest ?? -1) + 1);
}

/** Whether a file holds output that was produced after a time; nothing is after none. */
export function isProducedAfter(name: string, time: Date | undefined): boolean {
  if (time === undefined) return false;
  const { version } = parseFileName(name) ?? { version: 0 };
  return version >= (time.getTime() + 1) * 36;
}

/** A new name for output of a host. */
export function makeFileName(host: HostName, version: number): string {
  return `${host}~${toDigits(version, versionDigits)}${makeChance(chanceDigits)}`;
}

/** Whose output a file is by its name, and how new; undefined when it is none. */
export function parseFileName(name: string): { host: HostName; version: number } | undefined {
  const [, host, version = ''] = fileName.exec(name) ?? [];
  if (host === undefined) return undefined;
  try {
    return { host: parseHostName(host), version: Number.parseInt(version, 36) };
  } catch {
    return undefined;
  }
}

/** The names of a host's outputs, newest first. */
export function namesOf(host: HostName, names: readonly string[]): readonly string[] {
  const own = names.filter((name) => name.startsWith(`${host}~`) && fileName.test(name));
  return own.sort().reverse();
}

/** A name for a file that is being written; it begins with a dot, which no host does. */
export function makeTemporaryName(): string {
  return `.${makeChance(10)}.tmp`;
}

/** Whether a file was being written, by us, perhaps by somebody who has ended since. */
export function isTemporaryName(name: string): boolean {
  return /^\.[0-9a-z]{10}\.tmp$/.test(name);
}

/** A name for what is set aside: sorts by time, and is short enough whatever it had been called. */
export function makeBrokenName(name: string): string {
  return `${toDigits(systemClock.now(), timeDigits)}${makeChance(chanceDigits)}-${name.slice(0, 50)}`;
}

function toDigits(value: number, count: number): string {
  const largest = 36 ** count - 1;
  const digits = Math.min(Math.max(Math.trunc(value), 0), largest).toString(36);
  return digits.padStart(count, '0');
}

function makeChance(count: number): string {
  return toDigits(chance() * 36 ** count, count);
}
