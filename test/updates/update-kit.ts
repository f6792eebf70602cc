/** Documents and keys as tests of updates need them. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { joinEnvelope } from '../../src/sealing/envelope.ts';
import {
  type KeyRole,
  type Root,
  type TrustedKey,
  writeRoot,
} from '../../src/updates/documents/root.ts';
import type { HostStamp } from '../../src/updates/documents/stamp.ts';
import type { Target } from '../../src/updates/documents/target.ts';

const vectors = 'test/fixtures/updates/vectors';

interface FixtureKey {
  readonly key: KeyObject;
  readonly trusted: TrustedKey;
}

/** Which roles the keys of the fixtures have by their names. */
const roleOf = (name: string): KeyRole =>
  name.startsWith('root') ? 'root' : name.startsWith('stamp') ? 'stamp' : 'release';

/** A key pair of `vectors/keys/`: making one takes a while. */
export function fixtureKey(name: string): FixtureKey {
  const key = createPrivateKey(readFileSync(`${vectors}/keys/${name}.key`));
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const id = createHash('sha256').update(der).digest('hex');
  return { key, trusted: { id, roles: [roleOf(name)], der } };
}

/** A whole file: payload and signatures. */
export function signDocument(payload: Buffer, names: readonly string[], digest = 'sha256'): Buffer {
  const signatures = names.map((name) => {
    const { key, trusted } = fixtureKey(name);
    return { kind: 'key', id: trusted.id, bytes: sign(digest, payload, key) } as const;
  });
  return joinEnvelope({ payload, signatures });
}

export function toRootFile(root: Root, names: readonly string[]): Buffer {
  return signDocument(writeRoot(root), names);
}

export function aRoot(change: Partial<Root> = {}): Root {
  return {
    version: 1,
    issued: '20261120120000',
    expires: '20281120120000',
    floorCounter: 0,
    thresholds: { root: 1, release: 1, stamp: 1 },
    servers: ['https://updates.example:8444/site'],
    authorities: [],
    keys: ['root1', 'release1', 'release2', 'stamp1'].map((name) => fixtureKey(name).trusted),
    ...change,
  };
}

export function aTarget(change: Partial<Target> = {}): Target {
  return {
    audience: 'host:web01',
    counter: 42,
    issued: '20261120120000',
    expires: '20271120120000',
    platform: 'linux-tgz',
    updaterMin: 1,
    selfTestSeconds: 300,
    action: 'install',
    package: {
      agentHash: '1f0c6a2d9b3e4455',
      agentVersion: '2.3.0p34',
      size: 183_311,
      sha256: 'ab'.repeat(32),
    },
    ...change,
  };
}

export function aStamp(change: Partial<HostStamp> = {}): HostStamp {
  return {
    audience: 'host:web01',
    serial: 90_211,
    issued: '20261120120000',
    expires: '20261122120000',
    nonce: '00112233445566778899aabbccddeeff',
    rootVersion: 1,
    target: { counter: 42, sha256: 'cd'.repeat(32) },
    decision: 'offer',
    interval: 3600,
    ...change,
  };
}
