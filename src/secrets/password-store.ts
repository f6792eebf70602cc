/**
 * Checkmk's password store, in which a site keeps the passwords of its rules
 * (checkmk-site.md#password-store).
 */

import { join } from 'node:path';
import { withFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { readPrivateFile, Secret, type SecretContext, splitReference } from './secrets.ts';

const largestStore = 16 * 1024 * 1024;

const versionBytes = 2;
const partBytes = 16;
/** Version, salt, nonce and tag; the ciphertext follows. */
const headBytes = versionBytes + 3 * partBytes;

const derivedBytes = 32;

/**
 * Reads one password from a store. The key is in the file `PASSWORD_STORE_SECRET_FILE` names,
 * else in the site's `etc/password_store.secret`.
 *
 * @param reference `ID:FILE`, as Checkmk hands it to special agents
 * @param option the option that brought it, for the error, such as `--password-id`
 * @throws CourierError LOCAL when a file cannot be read or there is no site; CONFIG when the store
 * has no such password, another version or another key, or is damaged; USAGE when `reference` is
 * none. No message holds anything of the store or the key.
 */
export async function readStoredPassword(
  reference: string,
  option: string,
  context: SecretContext,
): Promise<Secret> {
  const { id, path } = withFlag(option, () => splitReference(reference));
  const doing = `reading ${option} ${reference}`;
  const refuse = (why: string) => new CourierError('CONFIG', `${doing}: ${why}`);
  const file = { doing, log: context.log, largestBytes: largestStore };
  const store = await readPrivateFile(path, file);
  const fault = findFault(store);
  if (fault !== undefined) throw refuse(fault);
  const keyFile = locateKey(context, doing);
  const key = await readPrivateFile(keyFile, { ...file, doing: `${doing}: its key ${keyFile}` });
  const lines = await decryptStore(store, key);
  if (lines === undefined) throw refuse(`the store is damaged, or ${keyFile} is not its key`);
  const password = findPassword(lines, id);
  if (password === undefined) throw refuse('the store has no password with this ID');
  if (password === '') throw refuse('the password is empty');
  return new Secret(password);
}

/** What can be seen to be wrong without the key. */
function findFault(store: Buffer): string | undefined {
  if (store.length === 0) return 'the store is empty';
  // A version is a small number; a text begins with two characters, which must not be shown.
  if (store.readUInt8(0) >= 0x20) return 'the store is in the old format, which is not encrypted';
  if (store.length < headBytes) return 'the store is cut short';
  const version = store.readUInt16BE(0);
  return version === 0 ? undefined : `the store has version ${version}, only 0 is known`;
}

function locateKey({ env }: SecretContext, doing: string): string {
  const named = env['PASSWORD_STORE_SECRET_FILE'];
  if (named) return named;
  const site = env['OMD_ROOT'];
  if (site) return join(site, 'etc/password_store.secret');
  throw new CourierError(
    'LOCAL',
    `${doing}: no site to look for its key in; OMD_ROOT and PASSWORD_STORE_SECRET_FILE are not set`,
  );
}

/** The lines of the store; undefined when they do not prove to be what was written with this key. */
async function decryptStore(store: Buffer, key: Buffer): Promise<string | undefined> {
  const { createDecipheriv } = await import('node:crypto');
  const part = (index: number) =>
    store.subarray(versionBytes + index * partBytes).subarray(0, partBytes);
  const derived = await deriveKey(key, part(0));
  const decipher = createDecipheriv('aes-256-gcm', derived, part(1), { authTagLength: partBytes });
  decipher.setAuthTag(part(2));
  const plain = decipher.update(store.subarray(headBytes));
  try {
    return Buffer.concat([plain, decipher.final()]).toString();
  } catch {
    return undefined;
  }
}

/** N = 2^14 takes 16 MiB and about 50 ms, on a thread of its own. */
async function deriveKey(key: Buffer, salt: Buffer): Promise<Buffer> {
  const { scrypt } = await import('node:crypto');
  return new Promise((resolve, reject) => {
    scrypt(key, salt, derivedBytes, { N: 16_384, r: 8, p: 1 }, (error, derived) => {
      if (error) reject(error);
      else resolve(derived);
    });
  });
}

/** In lines `id:password`, of which the last one with an ID counts. */
function findPassword(lines: string, id: string): string | undefined {
  return lines
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line.startsWith(`${id}:`))
    ?.slice(id.length + 1);
}
