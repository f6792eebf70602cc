/**
 * What a receiver remembers of relays and of their hosts, in files beside the outputs in the spool,
 * where everybody finds it who reads those. A power cut may take the newest of it: relays say it
 * again.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type FaultCode, faults } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import {
  linkStatus,
  makeDirectory,
  readDirectory,
  readWholeFile,
  remove,
  renameFile,
  writeWholeFile,
} from '../files/file-calls.ts';
import { type HostName, isHostName } from '../names/host-name.ts';
import { shardOf } from '../spool/names.ts';
import { requireTrusted } from '../system/trusted-path.ts';

/** A relay, as it said last that it is. */
export interface RelayRecord {
  /** Its name in the file system, and who it proved to be: `token-1a2b…`. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly startedAtMs: number;
  /** By our clock. */
  readonly lastContactMs: number;
  /** It is heard of within this time. */
  readonly contactMs: number;
  readonly hosts: number;
  readonly waiting: number;
  /** How far its clock is ahead of ours. */
  readonly skewMs: number;
  /** Whether it has said that somebody ended it. */
  readonly isEnded: boolean;
  /** When it was last not let in, and what it was told; undefined once it is heard of again. */
  readonly refusal?: { readonly atMs: number; readonly message: string } | undefined;
}

/** A fault that a relay told of a host. */
export interface FarFault {
  readonly code: FaultCode;
  readonly line: string;
  /** When it was, and when it was told; by our clock. */
  readonly atMs: number;
  readonly toldAtMs: number;
  /** Until when it says something about now. */
  readonly untilMs: number;
}

/** A host that a relay writes for. */
export interface RelayedHost {
  readonly host: string;
  /** The relay that wrote for it last. */
  readonly relay: string;
  readonly relayName: string;
  readonly everyMs?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  readonly source?: string | undefined;
  /** Undefined while its newest cycle has brought output. */
  readonly fault?: FarFault | undefined;
  /** Names of other relays that write for it as well. */
  readonly others?: readonly string[] | undefined;
}

const relaysDirectory = 'relays';
const hostsDirectory = 'relayed';
const ending = '.json';

/** Where relays are remembered in a spool. */
function relaysIn(spool: string): string {
  return join(spool, relaysDirectory);
}

/** Where their hosts are. */
export function relayedHostsIn(spool: string): string {
  return join(spool, hostsDirectory);
}

function relayPath(spool: string, id: string): string {
  return join(relaysIn(spool), `${encodeURIComponent(id)}.json`);
}

function hostPath(spool: string, host: HostName): string {
  return join(relayedHostsIn(spool), shardOf(host), `${host}${ending}`);
}

/** @throws CourierError LOCAL */
export async function writeRelay(spool: string, relay: RelayRecord): Promise<void> {
  await writeFile(relaysIn(spool), relayPath(spool, relay.id), relay);
}

/** @throws CourierError LOCAL */
export async function writeHost(spool: string, host: HostName, about: RelayedHost): Promise<void> {
  const path = hostPath(spool, host);
  await writeFile(join(relayedHostsIn(spool), shardOf(host)), path, about);
}

/** @throws CourierError LOCAL */
export function removeRelay(spool: string, id: string): Promise<void> {
  return removeFile(relayPath(spool, id));
}

/** @throws CourierError LOCAL */
export function removeHost(spool: string, host: HostName): Promise<void> {
  return removeFile(hostPath(spool, host));
}

async function removeFile(path: string): Promise<void> {
  await remove(path, { force: true }).catch((error: unknown) => {
    throw asCourierError(error, `removing ${path}`);
  });
}

const unfinished = '.new';
/** Nobody writes for so long. */
const longestWriteMs = 3_600_000;

/**
 * Removes what somebody who was killed has not written to its end.
 *
 * @throws CourierError LOCAL
 */
export async function removeUnfinished(spool: string, nowMs: number): Promise<void> {
  const shards = await namesIn(relayedHostsIn(spool), '');
  const directories = shards.map((shard) => join(relayedHostsIn(spool), shard));
  for (const directory of [relaysIn(spool), ...directories]) {
    for (const name of await namesIn(directory, unfinished)) {
      const path = join(directory, name);
      const status = await linkStatus(path).catch(() => undefined);
      if (status !== undefined && nowMs - status.mtimeMs > longestWriteMs) await removeFile(path);
    }
  }
}

async function writeFile(directory: string, path: string, content: object): Promise<void> {
  const fresh = join(directory, `.${randomBytes(9).toString('hex')}${unfinished}`);
  try {
    await makeDirectory(directory, { recursive: true, mode: 0o700 });
    await writeWholeFile(fresh, `${JSON.stringify(content)}\n`, { mode: 0o600 });
    await renameFile(fresh, path);
  } catch (error) {
    await remove(fresh, { force: true }).catch(() => undefined);
    throw asCourierError(error, `writing ${path}`);
  }
}

/**
 * Undefined when no relay ever wrote for the host, and when what is there is damaged: the next word
 * of the relay mends it.
 *
 * @throws CourierError LOCAL; CONFIG when others may write there
 */
export function readHost(spool: string, host: HostName): Promise<RelayedHost | undefined> {
  return readFile(hostPath(spool, host), isRelayedHost);
}

/**
 * Whether the newest word of a relay about the host is a fault.
 *
 * @throws CourierError as {@link readHost}
 */
export async function hasFault(spool: string, host: HostName): Promise<boolean> {
  return (await readHost(spool, host))?.fault !== undefined;
}

/** Whose record a file is by its name. */
export function relayedHostOf(name: string): HostName | undefined {
  const host = name.endsWith(ending) ? name.slice(0, -ending.length) : '';
  return isHostName(host) ? host : undefined;
}

/** The same for a relay. */
export function readRelay(spool: string, id: string): Promise<RelayRecord | undefined> {
  return readFile(relayPath(spool, id), isRelay);
}

/** So many files are open at once. */
const readAtOnce = 32;

/** Every relay that was ever heard of, by name. */
export async function listRelays(spool: string): Promise<readonly RelayRecord[]> {
  const names = await namesIn(relaysIn(spool));
  const found: RelayRecord[] = [];
  for (let at = 0; at < names.length; at += readAtOnce) {
    const paths = names.slice(at, at + readAtOnce).map((name) => join(relaysIn(spool), name));
    const some = await Promise.all(paths.map((path) => readFile(path, isRelay)));
    found.push(...some.filter((relay) => relay !== undefined));
  }
  return found.sort((one, other) => one.name.localeCompare(other.name));
}

/** Every host that a relay writes for. */
export async function listRelayedHosts(spool: string): Promise<readonly RelayedHost[]> {
  const found: RelayedHost[] = [];
  for (const shard of await namesIn(relayedHostsIn(spool), '')) {
    const directory = join(relayedHostsIn(spool), shard);
    for (const name of await namesIn(directory)) {
      const host = await readFile(join(directory, name), isRelayedHost);
      if (host !== undefined) found.push(host);
    }
  }
  return found.sort((one, other) => one.host.localeCompare(other.host));
}

/** How many there are of each relay, by id. */
export async function countRelayedHosts(spool: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { relay } of await listRelayedHosts(spool)) {
    counts.set(relay, (counts.get(relay) ?? 0) + 1);
  }
  return counts;
}

async function namesIn(directory: string, suffix = ending): Promise<readonly string[]> {
  try {
    return (await readDirectory(directory)).filter((name) => name.endsWith(suffix)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${directory}`);
  }
}

async function readFile<Value>(
  path: string,
  isValue: (value: unknown) => value is Value,
): Promise<Value | undefined> {
  await requireTrusted(path);
  const text = await readWholeFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw asCourierError(error, `reading ${path}`);
  });
  const value = parseJson(text);
  return isValue(value) ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without zod, which a fetch would have to load each time. */
type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean'>>;

const relayShape: Shape = {
  ...{ id: 'string', name: 'string', address: 'string', version: 'string' },
  ...{ startedAtMs: 'number', lastContactMs: 'number', contactMs: 'number', hosts: 'number' },
  ...{ waiting: 'number', skewMs: 'number', isEnded: 'boolean' },
};
const hostShape: Shape = { host: 'string', relay: 'string', relayName: 'string' };
const faultShape: Shape = {
  ...{ code: 'string', line: 'string', atMs: 'number', toldAtMs: 'number', untilMs: 'number' },
};

/** As far as a Date goes. */
const mostMs = 8.64e15;

function hasShape(value: unknown, shape: Shape): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(shape).every(([name, type]) => {
    const field: unknown = Reflect.get(value, name);
    return typeof field === type && (typeof field !== 'number' || Math.abs(field) <= mostMs);
  });
}

function isRelay(value: unknown): value is RelayRecord {
  if (!hasShape(value, relayShape)) return false;
  const refusal: unknown = Reflect.get(value, 'refusal');
  return refusal === undefined || hasShape(refusal, { atMs: 'number', message: 'string' });
}

function isRelayedHost(value: unknown): value is RelayedHost {
  if (!hasShape(value, hostShape)) return false;
  const fault: unknown = Reflect.get(value, 'fault');
  return fault === undefined || isFarFault(fault);
}

function isFarFault(value: unknown): boolean {
  return hasShape(value, faultShape) && Object.hasOwn(faults, String(Reflect.get(value, 'code')));
}
