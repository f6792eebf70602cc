/**
 * Documents of updates with what is to become of each, for both ends: `node
 * test/updates/make-vectors.ts` writes test/fixtures/updates/vectors/ anew. RSA signatures of this
 * kind have no chance in them, so the same keys give the same files.
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type Root, type TrustedKey, writeRoot } from '../../src/updates/documents/root.ts';
import { writeStamp } from '../../src/updates/documents/stamp.ts';
import { writeTarget } from '../../src/updates/documents/target.ts';
import { aRoot, aStamp, aTarget, fixtureKey, signDocument } from './update-kit.ts';

/** A document, the root that it is judged by (`-`: it is the first one), and whether it is good. */
export interface Vector {
  readonly file: string;
  readonly kind: 'root' | 'target' | 'stamp';
  readonly judgedBy: string;
  readonly verdict: 'good' | 'refused';
  readonly bytes: Buffer;
}

const one = 'one.root';
const two = 'two-of-two.root';

const rootKey = (name: string, roles: TrustedKey['roles'] = ['root']): TrustedKey => ({
  ...fixtureKey(name).trusted,
  roles,
});

const keysOf = (...names: readonly string[]) => names.map((name) => fixtureKey(name).trusted);

const twoOfTwo = aRoot({ thresholds: { root: 1, release: 2, stamp: 1 } });

const next = aRoot({ version: 2, keys: keysOf('root2', 'release1', 'stamp1') });

type Case = readonly [name: string, verdict: Vector['verdict'], bytes: Buffer];

type JudgedCase = readonly [
  file: string,
  judgedBy: string,
  verdict: Vector['verdict'],
  bytes: Buffer,
];

type Row = readonly [
  file: string,
  kind: Vector['kind'],
  judgedBy: string,
  verdict: Vector['verdict'],
  bytes: Buffer,
];

/** The payload with a text in the place of another, signed all the same. */
function changed(payload: Buffer, from: string | RegExp, to: string): Buffer {
  const text = payload.toString('latin1');
  const other = text.replace(from, to);
  if (other === text) throw new Error(`${from} is not in it`);
  return Buffer.from(other, 'latin1');
}

/** The file with a text in the place of another, which no signature covers. */
const touched = changed;

const root = (change: Partial<Root>, ...names: readonly string[]) =>
  signDocument(writeRoot(aRoot(change)), names);

function firstRoots(): readonly Case[] {
  const plain = writeRoot(aRoot());
  const unknown = changed(plain, 'rsa-pkcs1-sha256 release', 'ed25519 release');
  const weak = (name: string) =>
    root({ keys: [...aRoot().keys, rootKey(name, ['release'])] }, 'root1');
  return [
    [one, 'good', root({}, 'root1')],
    [two, 'good', signDocument(writeRoot(twoOfTwo), ['root1'])],
    ['authority.root', 'good', root({ authorities: [Buffer.from('not looked into')] }, 'root1')],
    ['weak-key.root', 'refused', weak('weak')],
    ['exponent-3.root', 'refused', weak('e3')],
    ['unknown-algorithm.root', 'refused', signDocument(unknown, ['root1'])],
    ['other-id.root', 'refused', signDocument(changed(plain, /key [0-9a-f]/, 'key x'), ['root1'])],
    [
      'wrong-id.root',
      'refused',
      signDocument(changed(plain, /(key [0-9a-f]{60})..../, '$10000'), ['root1']),
    ],
    ['key-twice.root', 'refused', root({ keys: [...aRoot().keys, rootKey('release1')] }, 'root1')],
    [
      'too-few-keys.root',
      'refused',
      root({ thresholds: { root: 1, release: 3, stamp: 1 } }, 'root1'),
    ],
    [
      'threshold-0.root',
      'refused',
      signDocument(changed(plain, 'release 1', 'release 0'), ['root1']),
    ],
    ['no-server.root', 'refused', signDocument(changed(plain, /server .*\n/, ''), ['root1'])],
    ['server-for-a-shell.root', 'refused', root({ servers: ['https://x/$(id)'] }, 'root1')],
    [
      'roles-in-other-order.root',
      'refused',
      signDocument(changed(plain, / root\n/, ' release,root\n'), ['root1']),
    ],
    ['signed-by-others.root', 'refused', root({}, 'root2', 'release1')],
    [
      'lines-of-60.root',
      'refused',
      signDocument(changed(plain, /\n\+(.{60})(....)/, '\n+$1\n+$2'), ['root1']),
    ],
  ];
}

function followingRoots(): readonly Case[] {
  return [
    ['next.root', 'good', signDocument(writeRoot(next), ['root1', 'root2'])],
    [
      'next-expired.root',
      'good',
      signDocument(writeRoot({ ...next, expires: '20261121000000' }), ['root1', 'root2']),
    ],
    ['next-by-old-only.root', 'refused', signDocument(writeRoot(next), ['root1'])],
    ['next-by-new-only.root', 'refused', signDocument(writeRoot(next), ['root2'])],
    [
      'next-but-one.root',
      'refused',
      signDocument(writeRoot({ ...next, version: 3 }), ['root1', 'root2']),
    ],
    ['same-again.root', 'refused', root({}, 'root1')],
  ];
}

function rootRows(): readonly Row[] {
  return [
    ...firstRoots().map(([file, verdict, bytes]): Row => [file, 'root', '-', verdict, bytes]),
    ...followingRoots().map(([file, verdict, bytes]): Row => [file, 'root', one, verdict, bytes]),
  ];
}

const payload = writeTarget(aTarget());
const sign = (...names: readonly string[]) => signDocument(payload, names);
const good = sign('release1');

function signedTargets(): readonly JudgedCase[] {
  return [
    ['good.target', one, 'good', good],
    ['by-the-other-key.target', one, 'good', sign('release2')],
    ['by-both.target', two, 'good', sign('release1', 'release2')],
    ['with-foreign-ones.target', two, 'good', sign('foreign', 'release1', 'stamp1', 'release2')],
    [
      'with-a-wrong-one.target',
      one,
      'good',
      Buffer.concat([sign('release2'), wrongSignature('release1')]),
    ],
    ['by-one-of-two.target', two, 'refused', good],
    ['by-one-twice.target', two, 'refused', sign('release1', 'release1')],
    ['by-a-foreign-key.target', one, 'refused', sign('foreign')],
    ['by-a-root-key.target', one, 'refused', sign('root1')],
    ['by-a-stamp-key.target', one, 'refused', sign('stamp1')],
    ['sha1.target', one, 'refused', signDocument(payload, ['release1'], 'sha1')],
  ];
}

function damagedTargets(): readonly JudgedCase[] {
  return [
    ['changed.target', one, 'refused', touched(good, 'counter 42', 'counter 43')],
    ['carriage-returns.target', one, 'refused', touched(good, /\n/g, '\r\n')],
    ['zero-byte.target', one, 'refused', touched(good, 'action ', 'action \0')],
    ['byte-order-mark.target', one, 'refused', touched(good, /^/, '\xef\xbb\xbf')],
    ['tab.target', one, 'refused', touched(good, '-- signatures', '-- signatures\t')],
    ['no-last-line-feed.target', one, 'refused', good.subarray(0, -1)],
    ['empty.target', one, 'refused', Buffer.alloc(0)],
  ];
}

function missignedTargets(): readonly JudgedCase[] {
  return [
    ['no-signatures.target', one, 'refused', payload],
    [
      'marker-alone.target',
      one,
      'refused',
      Buffer.concat([payload, Buffer.from('-- signatures\n')]),
    ],
    ['second-marker.target', one, 'refused', Buffer.concat([good, Buffer.from('-- signatures\n')])],
    ['other-marker.target', one, 'refused', touched(good, '-- signatures', '--signatures')],
    ['text-behind.target', one, 'refused', Buffer.concat([good, Buffer.from('a word\n')])],
    ['mac.target', one, 'refused', touched(good, '\nkey ', '\nmac ')],
    [
      'id-in-upper-case.target',
      one,
      'refused',
      touched(
        good,
        /\nkey ([0-9a-f]{64})/,
        `\nkey ${fixtureKey('release1').trusted.id.toUpperCase()}`,
      ),
    ],
    [
      'id-as-a-path.target',
      one,
      'refused',
      touched(good, /\nkey [0-9a-f]{64}/, '\nkey ../../etc/passwd'),
    ],
    [
      'lines-of-60.target',
      one,
      'refused',
      touched(good, /\n([A-Za-z0-9+/]{60})([A-Za-z0-9+/]{4})\n/, '\n$1\n$2\n'),
    ],
    ['17-signatures.target', one, 'refused', sign(...Array.from({ length: 17 }, () => 'release1'))],
    ['16-signatures.target', one, 'good', sign(...Array.from({ length: 16 }, () => 'release1'))],
    [
      'too-large.target',
      one,
      'refused',
      signDocument(Buffer.concat([payload, Buffer.from(`pad ${'x'.repeat(16_384)}\n`)]), [
        'release1',
      ]),
    ],
  ];
}

function signatureRows(): readonly Row[] {
  return [...signedTargets(), ...damagedTargets(), ...missignedTargets()].map(
    ([file, judgedBy, verdict, bytes]) => [file, 'target', judgedBy, verdict, bytes],
  );
}

/** Lines of a signature that is not one of the document. */
function wrongSignature(name: string): Buffer {
  const other = signDocument(Buffer.from('something else\n'), [name]).toString('latin1');
  return Buffer.from(other.slice(other.indexOf('\nkey ') + 1), 'latin1');
}

const stamp = writeStamp(aStamp());

/** Something else, signed as it should be. */
const t = (from: string | RegExp, to: string) =>
  signDocument(changed(payload, from, to), ['release1']);
const s = (from: string | RegExp, to: string) => signDocument(changed(stamp, from, to), ['stamp1']);

function wholeTargets(): readonly Case[] {
  const long = `host:${'a'.repeat(240)}`;
  return [
    [
      'keep',
      'good',
      signDocument(writeTarget(aTarget({ action: 'keep', package: undefined })), ['release1']),
    ],
    ['group', 'good', t('host:web01', `group:${'0f'.repeat(32)}`)],
    ['any', 'good', t('host:web01', 'any')],
    ['longest-name', 'good', t('host:web01', long)],
    ['name-too-long', 'refused', t('host:web01', `${long}a`)],
    ['name-as-a-path', 'refused', t('host:web01', 'host:../web01')],
    ['name-as-an-option', 'refused', t('host:web01', 'host:-web01')],
    ['highest-counter', 'good', t('counter 42', 'counter 999999999999999')],
    ['counter-of-16-digits', 'refused', t('counter 42', 'counter 1000000000000000')],
    ['counter-with-zero-ahead', 'refused', t('counter 42', 'counter 042')],
    ['counter-0', 'refused', t('counter 42', 'counter 0')],
    ['counter-below-0', 'refused', t('counter 42', 'counter -1')],
  ];
}

function brokenTargets(): readonly Case[] {
  return [
    ['counter-twice', 'refused', t('counter 42\n', 'counter 42\ncounter 43\n')],
    ['other-order', 'refused', t(/(issued .*\n)(expires .*\n)/, '$2$1')],
    ['missing', 'refused', t(/updater-min .*\n/, '')],
    ['unknown', 'refused', t(/$/, 'more x\n')],
    ['two-blanks', 'refused', t('counter 42', 'counter  42')],
    ['blank-behind', 'refused', t('counter 42', 'counter 42 ')],
    ['empty-line', 'refused', t('counter 42\n', 'counter 42\n\n')],
    ['upper-case-name', 'refused', t('counter 42', 'Counter 42')],
    ['base64-below', 'refused', t('counter 42\n', 'counter 42\n+QUJD\n')],
    ['ends-before-it-begins', 'refused', t(/expires .*/, 'expires 20261120115959')],
    ['no-such-day', 'refused', t(/expires .*/, 'expires 20270229120000')],
    ['day-in-a-leap-year', 'good', t(/expires .*/, 'expires 20280229120000')],
    ['version-2', 'refused', t('target/1', 'target/2')],
    ['a-stamp', 'refused', signDocument(stamp, ['release1'])],
    ['install-without-package', 'refused', t(/agent-hash .*/, 'agent-hash -')],
    ['package-too-large', 'refused', t(/package-size .*/, 'package-size 67108865')],
    ['unknown-action', 'refused', t('action install', 'action run')],
  ];
}

function stamps(): readonly Case[] {
  return [
    ['good', 'good', signDocument(stamp, ['stamp1'])],
    ['without-nonce', 'good', s(/nonce .*/, 'nonce -')],
    [
      'without-target',
      'good',
      signDocument(writeStamp(aStamp({ target: undefined, decision: 'disabled' })), ['stamp1']),
    ],
    ['by-a-release-key', 'refused', signDocument(stamp, ['release1'])],
    ['short-nonce', 'refused', s(/nonce .*/, 'nonce 00112233')],
    [
      'offer-of-nothing',
      'refused',
      s(/target-counter 42\ntarget-sha256 .*/, 'target-counter 0\ntarget-sha256 -'),
    ],
    ['interval-59', 'refused', s('interval 3600', 'interval 59')],
    ['unknown-decision', 'refused', s('decision offer', 'decision maybe')],
    ['serial-0', 'refused', s('serial 90211', 'serial 0')],
    ...placedStamps(),
  ];
}

/** With the server that a host is to ask first. */
function placedStamps(): readonly Case[] {
  const placed = writeStamp(aStamp({ server: 'https://berlin.example:8000/berlin' }));
  const p = (from: string | RegExp, to: string) =>
    signDocument(changed(placed, from, to), ['stamp1']);
  return [
    ['placed', 'good', signDocument(placed, ['stamp1'])],
    ['placed-nowhere', 'refused', p(/server .*/, 'server -')],
    ['placed-without-server', 'refused', p(/server .*\n/, '')],
    ['placed-for-a-shell', 'refused', p(/server .*/, 'server https://berlin.example/$(id)')],
    ['placed-in-version-1', 'refused', p('stamp/2', 'stamp/1')],
    ['of-version-3', 'refused', p('stamp/2', 'stamp/3')],
  ];
}

function payloadRows(): readonly Row[] {
  return [
    ...[...wholeTargets(), ...brokenTargets()].map(
      ([name, verdict, bytes]): Row => [`says-${name}.target`, 'target', one, verdict, bytes],
    ),
    ...stamps().map(
      ([name, verdict, bytes]): Row => [`${name}.stamp`, 'stamp', one, verdict, bytes],
    ),
  ];
}

/** All of them, the roots that others are judged by first. */
export function makeVectors(): readonly Vector[] {
  return [...rootRows(), ...signatureRows(), ...payloadRows()].map(
    ([file, kind, judgedBy, verdict, bytes]) => ({ file, kind, judgedBy, verdict, bytes }),
  );
}

export const vectorDirectory = 'test/fixtures/updates/vectors';

/** One line a document: file, kind, the root it is judged by, what becomes of it. */
export function toTable(vectors: readonly Vector[]): string {
  const rows = vectors.map(
    ({ file, kind, judgedBy, verdict }) => `${file} ${kind} ${judgedBy} ${verdict}\n`,
  );
  return rows.join('');
}

if (import.meta.main) {
  mkdirSync(vectorDirectory, { recursive: true });
  for (const name of readdirSync(vectorDirectory)) {
    if (/\.(root|target|stamp)$/.test(name)) rmSync(`${vectorDirectory}/${name}`);
  }
  const vectors = makeVectors();
  for (const { file, bytes } of vectors) writeFileSync(`${vectorDirectory}/${file}`, bytes);
  writeFileSync(`${vectorDirectory}/verdicts.txt`, toTable(vectors));
}
