/** Who is believed, and where the server is: a signed root (update-documents.md#root). */

import { CourierError } from '../../faults/errors.ts';
import { readPublicKey } from '../../sealing/keys.ts';
import { type Field, PayloadReader, writePayload } from '../../sealing/payload.ts';
import { counterText, type Period, takeNumber, takePeriod } from './words.ts';

const rootFormat = 'cmk-courier-root/1';

/** In the order in which documents have them. */
export const keyRoles = ['root', 'release', 'stamp'] as const;
export type KeyRole = (typeof keyRoles)[number];

/** `ed25519` is set aside for later and refused until then. */
const keyAlgorithm = 'rsa-pkcs1-sha256';

/** A key that hosts believe. */
export interface TrustedKey {
  /** SHA-256 of `der`, 64 hexadecimal digits. */
  readonly id: string;
  readonly roles: readonly KeyRole[];
  /** SubjectPublicKeyInfo. */
  readonly der: Buffer;
}

export interface Root extends Period {
  /** 1 and up, without gaps. */
  readonly version: number;
  /** Hosts refuse targets with a lower counter. */
  readonly floorCounter: number;
  /** How many keys of a role have to sign. */
  readonly thresholds: Readonly<Record<KeyRole, number>>;
  /** Addresses of the server; the first one is asked first. */
  readonly servers: readonly string[];
  /** Certificates in DER that alone are trusted for https; none: what the host trusts anyway. */
  readonly authorities: readonly Buffer[];
  readonly keys: readonly TrustedKey[];
}

const mostServers = 32;
const mostAuthorities = 8;
const mostKeys = 32;

/** As many as a document may have signatures. */
const mostThreshold = 16;

/** What can stand in a shell script and in a URL: no blank, quote, `$` or backslash. */
export const serverText =
  /^https?:\/\/(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]+\])(?::[1-9]\d{0,4})?(?:\/[A-Za-z0-9._~/-]{0,200})?$/;

/** The payload of a root. */
export function writeRoot(root: Root): Buffer {
  return writePayload([
    ['format', rootFormat],
    ['version', String(root.version)],
    ['issued', root.issued],
    ['expires', root.expires],
    ['floor-counter', String(root.floorCounter)],
    ...keyRoles.map((role): Field => [`threshold-${role}`, String(root.thresholds[role])]),
    ...root.servers.map((server): Field => ['server', server]),
    ['authorities', String(root.authorities.length)],
    ...root.authorities.map((der): Field => ['ca', der]),
    ['keys', String(root.keys.length)],
    ...root.keys.map(
      ({ id, roles, der }): Field => ['key', `${id} ${keyAlgorithm} ${roles.join(',')}`, der],
    ),
  ]);
}

/**
 * Reads the payload of a root and refuses one that could not be followed: a key that is too weak,
 * or fewer keys than have to sign.
 *
 * @throws CourierError MALFORMED; REFUSED for a key that is too weak
 */
export async function readRoot(payload: Buffer): Promise<Root> {
  const reader = new PayloadReader(payload);
  reader.take('format', (value) => value === rootFormat);
  const version = takeNumber(reader, 'version', 1);
  const period = takePeriod(reader);
  const floorCounter = takeNumber(reader, 'floor-counter');
  const thresholds = takeThresholds(reader);
  const servers = takeServers(reader);
  const authorities = takeAuthorities(reader);
  const keys = await takeKeys(reader);
  reader.end();
  const root = { version, ...period, floorCounter, thresholds, servers, authorities, keys };
  requireEnoughKeys(root);
  return root;
}

function takeThresholds(reader: PayloadReader): Root['thresholds'] {
  const take = (role: KeyRole) => Number(reader.take(`threshold-${role}`, isThreshold));
  return { root: take('root'), release: take('release'), stamp: take('stamp') };
}

function isThreshold(value: string): boolean {
  return /^[1-9]\d?$/.test(value) && Number(value) <= mostThreshold;
}

function takeServers(reader: PayloadReader): readonly string[] {
  const servers = [reader.take('server', serverText)];
  while (reader.isNext('server')) servers.push(reader.take('server', serverText));
  requireDistinct(servers, 'a server');
  if (servers.length > mostServers) throw malformed(`it has more than ${mostServers} servers`);
  return servers;
}

function takeAuthorities(reader: PayloadReader): readonly Buffer[] {
  const count = takeCount(reader, 'authorities', [0, mostAuthorities]);
  return Array.from({ length: count }, () => reader.takeBytes('ca'));
}

async function takeKeys(reader: PayloadReader): Promise<readonly TrustedKey[]> {
  const count = takeCount(reader, 'keys', [1, mostKeys]);
  const keys: TrustedKey[] = [];
  for (let at = 0; at < count; at += 1) keys.push(await takeKey(reader));
  requireDistinct(
    keys.map(({ id }) => id),
    'a key',
  );
  return keys;
}

async function takeKey(reader: PayloadReader): Promise<TrustedKey> {
  const { value, bytes } = reader.takeWithBytes('key', /^[0-9a-f]{64} [a-z0-9-]{1,32} [a-z,]+$/);
  const [id = '', algorithm, words = ''] = value.split(' ');
  if (algorithm !== keyAlgorithm) throw malformed(`the algorithm ${algorithm} is unknown`);
  const roles = keyRoles.filter((role) => words.split(',').includes(role));
  if (roles.join(',') !== words) throw malformed(`${words} are no roles of a key`);
  const key = await readPublicKey(bytes);
  if (key.id !== id || !key.der.equals(bytes)) throw malformed('a key has not the id it goes by');
  return { id, roles, der: bytes };
}

function takeCount(
  reader: PayloadReader,
  name: string,
  [least, most]: readonly [number, number],
): number {
  const fits = (value: string) =>
    counterText.test(value) && Number(value) >= least && Number(value) <= most;
  return Number(reader.take(name, fits));
}

function requireDistinct(values: readonly string[], what: string): void {
  if (new Set(values).size < values.length) throw malformed(`${what} stands in it twice`);
}

/** @throws CourierError MALFORMED for a root that nobody could follow */
export function requireEnoughKeys({ keys, thresholds }: Pick<Root, 'keys' | 'thresholds'>): void {
  for (const role of keyRoles) {
    const count = keys.filter(({ roles }) => roles.includes(role)).length;
    if (count < thresholds[role]) {
      const wanted = `${thresholds[role]} have to sign as ${role}`;
      throw malformed(`${wanted}, and it has ${count} ${count === 1 ? 'key' : 'keys'} for that`);
    }
  }
}

function malformed(how: string): CourierError {
  return new CourierError('MALFORMED', `a root that cannot be followed: ${how}`);
}
