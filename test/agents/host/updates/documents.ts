/** Signed documents and packages as a site makes them, and as nobody should: for tests of the client. */

import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface SigningKey {
  readonly id: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function makeKey(bits = 3072, exponent = 65537): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicExponent: exponent,
  });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { id: sha256(der), der, privateKey };
}

const made = new Map<string, SigningKey>();

/** A key by its name, made once a process: each takes a while. */
export function keyOf(name: string): SigningKey {
  const key = made.get(name) ?? makeKey();
  made.set(name, key);
  return key;
}

function fold(bytes: Buffer): string[] {
  return bytes.toString('base64').match(/.{1,64}/g) ?? [];
}

function signatureOf(payload: string, key: SigningKey): string[] {
  const signature = createSign('sha256').update(payload).sign(key.privateKey);
  return [`key ${key.id}`, ...fold(signature)];
}

/** An envelope around lines. */
export function sign(lines: readonly string[], keys: readonly SigningKey[]): Buffer {
  const payload = `${lines.join('\n')}\n`;
  const signatures = keys.flatMap((key) => signatureOf(payload, key));
  return Buffer.from(`${[`${payload}-- signatures`, ...signatures].join('\n')}\n`);
}

export interface RootOptions {
  readonly version?: number;
  readonly issued?: string;
  readonly expires?: string;
  readonly floor?: string;
  readonly thresholds?: readonly [root: number, release: number, stamp: number];
  readonly servers?: readonly string[];
  readonly authorities?: readonly Buffer[];
  readonly keys?: readonly (readonly [key: SigningKey, roles: string])[];
  readonly signers?: readonly SigningKey[];
}

function rootLines(options: RootOptions = {}): string[] {
  const [root, release, stamp] = options.thresholds ?? [1, 1, 1];
  const keys = options.keys ?? [
    [keyOf('offline'), 'root,release'],
    [keyOf('stamp'), 'stamp'],
  ];
  const authorities = options.authorities ?? [];
  return [
    'format cmk-courier-root/1',
    `version ${options.version ?? 1}`,
    `issued ${options.issued ?? '20260101000000'}`,
    `expires ${options.expires ?? '20990101000000'}`,
    `floor-counter ${options.floor ?? 0}`,
    `threshold-root ${root}`,
    `threshold-release ${release}`,
    `threshold-stamp ${stamp}`,
    ...(options.servers ?? ['http://127.0.0.1:1']).map((server) => `server ${server}`),
    `authorities ${authorities.length}`,
    ...authorities.flatMap((der) => ['ca', ...fold(der).map((line) => `+${line}`)]),
    `keys ${keys.length}`,
    ...keys.flatMap(([key, roles]) => [
      `key ${key.id} rsa-pkcs1-sha256 ${roles}`,
      ...fold(key.der).map((line) => `+${line}`),
    ]),
  ];
}

export function makeRoot(options: RootOptions = {}): Buffer {
  return sign(rootLines(options), options.signers ?? [keyOf('offline')]);
}

export type Fields = Readonly<Record<string, string>>;

/** A payload of `name value` lines in the order of `standard`, with some changed. */
function toLines(standard: Fields, changes: Fields): string[] {
  return Object.entries({ ...standard, ...changes }).map(([name, value]) => `${name} ${value}`);
}

export function targetLines(pack: Package | undefined, changes: Fields = {}): string[] {
  return toLines(
    {
      format: 'cmk-courier-target/1',
      audience: 'host:web01',
      counter: '42',
      issued: '20260101000000',
      expires: '20990101000000',
      platform: 'linux-tgz',
      'agent-hash': pack?.hash ?? '-',
      'agent-version': pack === undefined ? '-' : '2.4.0p1',
      'updater-min': '1',
      'package-size': String(pack?.bytes.length ?? 0),
      'package-sha256': pack === undefined ? '-' : sha256(pack.bytes),
      'self-test-seconds': '20',
      action: pack === undefined ? 'keep' : 'install',
    },
    changes,
  );
}

export function stampLines(target: Buffer | undefined, changes: Fields = {}): string[] {
  const counter = /^counter (\d+)$/m.exec(target?.toString('latin1') ?? '')?.[1];
  return toLines(
    {
      format: 'cmk-courier-stamp/1',
      audience: 'host:web01',
      serial: '1000',
      issued: '20260601000000',
      expires: '20990101000000',
      nonce: '-',
      'root-version': '1',
      'target-counter': counter ?? '0',
      'target-sha256': target === undefined ? '-' : sha256(target),
      decision: target === undefined ? 'none' : 'offer',
      interval: '3600',
    },
    changes,
  );
}

export interface Package {
  readonly bytes: Buffer;
  /** First 16 digits of the digest of its list. */
  readonly hash: string;
  readonly list: string;
}

export interface PackedFile {
  readonly path: string;
  readonly mode?: number;
  readonly content: string | Buffer;
}

/** A package in the layout of releases, with its list. */
export function makePackage(files: readonly PackedFile[]): Package {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const list = sorted
    .map(({ path, mode = 0o644, content }) => `${toMode(mode)} ${sha256(content)} ${path}\n`)
    .join('');
  const members = [{ path: 'FILES', content: list }, ...sorted].map((file) => ({
    ...file,
    path: `release/${file.path}`,
  }));
  return { bytes: gzipSync(makeTar(members)), hash: sha256(list).slice(0, 16), list };
}

function toMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

export interface Member {
  readonly path: string;
  readonly mode?: number;
  readonly content?: string | Buffer;
  /** ustar's type: 0 a file, 1 a hard link, 2 a symbolic one, 3 a device, 5 a directory. */
  readonly type?: '0' | '1' | '2' | '3' | '5';
  readonly link?: string;
}

/** A ustar archive of whatever is asked for. */
export function makeTar(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ path, mode = 0o644, content = '', type = '0', link = '' }) => {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
    header.write('0000000\0'.repeat(2), 108);
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write(' '.repeat(8), 148);
    header.write(type, 156);
    header.write(link, 157);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
