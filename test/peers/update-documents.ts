/**
 * Signed documents of agent updates as a test wants them: right ones, and every kind of wrong one.
 * The keys are fixed, so that no test waits for one to be made.
 */

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { joinEnvelope } from '../../src/sealing/envelope.ts';
import { type Root, writeRoot } from '../../src/updates/documents/root.ts';
import { type HostStamp, writeStamp } from '../../src/updates/documents/stamp.ts';
import { type Target, writeTarget } from '../../src/updates/documents/target.ts';

/** A key of test/fixtures/updates/keys. */
export type KeyName =
  | 'root-a'
  | 'root-b'
  | 'root-c'
  | 'release-a'
  | 'release-b'
  | 'stamp-a'
  | 'stamp-b'
  | 'stranger';

export interface SigningKey {
  readonly id: string;
  readonly der: Buffer;
  sign(payload: Buffer): Buffer;
}

const known = new Map<KeyName, SigningKey>();

export function keyOf(name: KeyName): SigningKey {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const pem = readFileSync(new URL(`../fixtures/updates/keys/${name}.pem`, import.meta.url));
  const key = toSigningKey(pem);
  known.set(name, key);
  return key;
}

/** Any RSA key in PEM, also one that is too weak. */
export function toSigningKey(pem: Buffer | string): SigningKey {
  const key = createPrivateKey(pem);
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { id: sha256(der), der, sign: (payload) => sign('sha256', payload, key) };
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A payload with signatures, whatever it says. */
export function signed(payload: Buffer, keys: readonly (KeyName | SigningKey)[]): Buffer {
  const signatures = keys.map((one) => {
    const key = typeof one === 'string' ? keyOf(one) : one;
    return { kind: 'key', id: key.id, bytes: key.sign(payload) } as const;
  });
  return joinEnvelope({ payload, signatures });
}

/** A text of a payload replaced before it is signed: what no serialiser would write. */
export function reworded(payload: Buffer, from: string | RegExp, to: string): Buffer {
  return Buffer.from(payload.toString('latin1').replace(from, to), 'latin1');
}

/** A root of one key a role, unless `changes` says otherwise. */
export function makeRoot(changes: Partial<Root> = {}): Root {
  return {
    version: 1,
    issued: '20260101000000',
    expires: '20990101000000',
    floorCounter: 0,
    thresholds: { root: 1, release: 1, stamp: 1 },
    servers: ['http://127.0.0.1:1'],
    authorities: [],
    keys: [trusted('root-a', 'root'), trusted('release-a', 'release'), trusted('stamp-a', 'stamp')],
    ...changes,
  };
}

/** A key as a root lists it. */
export function trusted(
  name: KeyName | SigningKey,
  ...roles: readonly Root['keys'][number]['roles'][number][]
): Root['keys'][number] {
  const { id, der } = typeof name === 'string' ? keyOf(name) : name;
  return { id, der, roles };
}

export { type HostStamp, type Root, type Target, writeRoot, writeStamp, writeTarget };
