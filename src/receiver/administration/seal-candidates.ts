/** Keys that are to be believed: from files, by the name of a host or pattern. */

import { join } from 'node:path';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readDirectory, readWholeFile } from '../../files/file-calls.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { readPublicKey } from '../../sealing/keys.ts';

/** A key that is to be believed for a host or pattern. */
export interface Candidate {
  readonly name: string;
  readonly id: string;
  readonly der: Buffer;
}

/** What an enrolment may be named. */
export function isHostOrPattern(name: string): boolean {
  return isHostName(name) || /^[\w*?][\w.*?-]{0,239}$/.test(name);
}

/** @throws CourierError USAGE */
export function requireHostName(text: string): HostName {
  if (isHostName(text)) return text;
  throw new CourierError('USAGE', `${quote(text)} is no name of a host`);
}

/** @throws CourierError LOCAL; MALFORMED or REFUSED about the key */
export async function readCandidate(name: string, path: string): Promise<Candidate> {
  const text = await readWholeFile(path, 'utf8').catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
  try {
    const { id, der } = await readPublicKey(text);
    return { name, id, der };
  } catch (error) {
    const fault = asCourierError(error, 'reading');
    throw new CourierError(fault.code, `${path}: ${fault.message}`, { cause: error });
  }
}

/** The keys in a directory, each from HOST.pub. */
export async function readMany(directory: string): Promise<readonly Candidate[]> {
  const files = await readDirectory(directory).catch((error: unknown) => {
    throw asCourierError(error, `reading ${directory}`);
  });
  const keys = files.filter((file) => file.endsWith('.pub')).sort();
  if (keys.length === 0) throw new CourierError('USAGE', `there is no HOST.pub in ${directory}`);
  return Promise.all(
    keys.map((file) => readCandidate(requireHostName(file.slice(0, -4)), join(directory, file))),
  );
}
