/** The key pair of the site, which bodies are encrypted for. */

import { join } from 'node:path';
import { promisify } from 'node:util';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { makeDirectory, pathStatus, readDirectory, readWholeFile } from '../files/file-calls.ts';
import { replaceFile } from '../system/durable-files.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import type { SiteKey } from './encryption.ts';
import { type PublicKey, readPublicKey } from './keys.ts';
import type { SealPlaces } from './places.ts';
import { toStamp } from './stamp.ts';

const bits = 3072;
const ending = '.pem';
const othersRead = 0o077;

interface Cached {
  readonly version: string;
  readonly keys: readonly SiteKey[];
}

/** Read once, and again when one is added or taken away. */
export class SiteKeys {
  readonly #directory: string;
  #cached: Cached | undefined;

  constructor({ siteKeys }: Pick<SealPlaces, 'siteKeys'>) {
    this.#directory = siteKeys;
  }

  /**
   * All private keys of the site, the oldest first; hosts may still use any of them.
   *
   * @throws CourierError CONFIG when others may read or change one, or it is none; LOCAL
   */
  async all(): Promise<readonly SiteKey[]> {
    try {
      const { mtimeMs, ctimeMs, ino } = await pathStatus(this.#directory);
      const version = `${mtimeMs} ${ctimeMs} ${ino}`;
      if (this.#cached?.version === version) return this.#cached.keys;
      const names = (await readDirectory(this.#directory)).filter((name) => name.endsWith(ending));
      const paths = names.sort().map((name) => join(this.#directory, name));
      const keys = await Promise.all(paths.map(readSiteKey));
      this.#cached = { version, keys };
      return keys;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw asCourierError(error, `reading ${this.#directory}`);
    }
  }
}

async function readSiteKey(path: string): Promise<SiteKey> {
  await requireTrusted(path);
  if (((await pathStatus(path)).mode & othersRead) !== 0) {
    throw new CourierError('CONFIG', `others may read ${path}; chmod 600 ${path}`);
  }
  const { createPrivateKey } = await import('node:crypto');
  const pem = await readWholeFile(path, 'utf8');
  try {
    const key = createPrivateKey(pem);
    return { id: (await publicHalf(key)).id, key };
  } catch (error) {
    throw new CourierError('CONFIG', `${path} holds no private RSA key`, { cause: error });
  }
}

/** The public half of a private key of the site. */
export async function publicHalf(key: SiteKey['key']): Promise<PublicKey> {
  const { createPublicKey } = await import('node:crypto');
  return readPublicKey(createPublicKey(exportPem(key)).export({ type: 'spki', format: 'der' }));
}

function exportPem(key: SiteKey['key']): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Makes a key pair and keeps it beside those there are.
 *
 * @throws CourierError LOCAL
 */
export async function makeSiteKey({ siteKeys }: SealPlaces, nowMs: number): Promise<PublicKey> {
  const { generateKeyPair } = await import('node:crypto');
  const made = await promisify(generateKeyPair)('rsa', { modulusLength: bits });
  await makeDirectory(siteKeys, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw asCourierError(error, `making ${siteKeys}`);
  });
  await requireTrusted(siteKeys);
  await replaceFile(
    join(siteKeys, `${toStamp(new Date(nowMs))}${ending}`),
    exportPem(made.privateKey),
  );
  return readPublicKey(made.publicKey.export({ type: 'spki', format: 'pem' }).toString());
}
