/** Changes of enrolments: one at a time, and each file whole at every moment. */

import { join } from 'node:path';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { makeDirectory, readWholeFile, removeFile } from '../files/file-calls.ts';
import { isFreshPath, replaceFile } from '../system/durable-files.ts';
import { withLockFile } from '../system/lock-file.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import { type EnrolledKey, type Enrolment, readEnrolment, writeEnrolment } from './enrolment.ts';
import { fingerprintOf } from './keys.ts';
import type { SealPlaces } from './places.ts';

/** What there is → what shall be; undefined for nothing. */
export type Change = (before: Enrolment | undefined) => Enrolment | undefined;

/**
 * Changes the enrolment of a host or pattern, while nobody else can.
 *
 * @throws CourierError USAGE when no host can have that name; CONFIG when what is there cannot be
 * read, or others may change it; LOCAL; whatever `change` throws, and nothing is changed then
 */
export async function changeEnrolment(
  places: SealPlaces,
  name: string,
  change: Change,
): Promise<void> {
  if (isFreshPath(name)) {
    const why = 'is how a file is called while it is written';
    throw new CourierError('USAGE', `${name} ${why}; no host of that name can be enrolled`);
  }
  const path = join(places.hosts, name);
  await makeDirectory(places.hosts, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw asCourierError(error, `making ${places.hosts}`);
  });
  await requireTrusted(places.hosts);
  await withLockFile(places.lock, async () => {
    const before = await readIfThere(path, name);
    const after = change(before);
    if (after !== undefined) await replaceFile(path, writeEnrolment(after));
    else if (before !== undefined) await removeFile(path);
  });
}

async function readIfThere(path: string, name: string): Promise<Enrolment | undefined> {
  await requireTrusted(path);
  try {
    return readEnrolment(name, await readWholeFile(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
}

/** What `add` may be told of the enrolment beside the key. */
export interface Addition {
  readonly key: EnrolledKey;
  /** Undefined leaves it as it is. */
  readonly optionalUntil: string | undefined;
}

/**
 * An enrolment with one key more. One that is there already gets its new label and rights.
 *
 * @throws CourierError USAGE when the key was revoked
 */
export function withKey(name: string, { key, optionalUntil }: Addition): Change {
  return (before = { name, optionalUntil: undefined, keys: [] }) => {
    const known = before.keys.find(({ id }) => id === key.id);
    if (known?.revoked !== undefined) {
      const what = `${fingerprintOf(key.id)} was revoked for ${name} on ${known.revoked}`;
      throw new CourierError('USAGE', `${what}; it needs another key, or forget the host first`);
    }
    const others = before.keys.filter(({ id }) => id !== key.id);
    return {
      name,
      optionalUntil: optionalUntil ?? before.optionalUntil,
      keys: [...others, { ...key, since: known?.since ?? key.since }],
    };
  };
}

/**
 * An enrolment in which one key is good no more.
 *
 * @param key the beginning of its id, its fingerprint or its label; undefined: all that are good
 * @param day today
 * @throws CourierError USAGE when there is no such key, or more than one
 */
export function withoutKey(name: string, key: string | undefined, day: string): Change {
  return (before) => {
    if (before === undefined) throw new CourierError('USAGE', `${name} is not enrolled`);
    const good = before.keys.filter(({ revoked }) => revoked === undefined);
    const meant = key === undefined ? good : good.filter((one) => isNamed(one, key));
    if (meant.length === 0) throw new CourierError('USAGE', `${name} has no such key`);
    if (key !== undefined && meant.length > 1) {
      throw new CourierError('USAGE', `${name} has several such keys; give the fingerprint`);
    }
    const keys = before.keys.map((one) => (meant.includes(one) ? { ...one, revoked: day } : one));
    return { ...before, keys };
  };
}

function isNamed({ id, label }: EnrolledKey, text: string): boolean {
  const isId = text.length >= 8 && id.startsWith(text);
  return isId || label === text || fingerprintOf(id) === text;
}

/**
 * Keeps a shared secret where its enrolment finds it.
 *
 * @throws CourierError LOCAL
 */
export async function keepSecret(
  { secrets }: SealPlaces,
  { id, secret }: { readonly id: string; readonly secret: string },
): Promise<void> {
  await makeDirectory(secrets, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw asCourierError(error, `making ${secrets}`);
  });
  await requireTrusted(secrets);
  await replaceFile(join(secrets, id), `${secret}\n`);
}

/** Removes secrets that nothing is left for. Never rejects. */
export async function dropSecrets({ secrets }: SealPlaces, keys: Enrolment['keys']): Promise<void> {
  for (const { id, kind } of keys) {
    if (kind === 'mac') await removeFile(join(secrets, id)).catch(() => undefined);
  }
}
