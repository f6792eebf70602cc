/** What the file of a private key holds: told before a host is asked, where ssh would only guess. */

import * as fs from 'node:fs';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { pathStatus, readWholeFile, requireAccess } from '../files/file-calls.ts';

/** Larger than any key. */
const longestBytes = 64 * 1024;

type Content = 'public' | 'putty' | 'windows' | 'locked' | 'other';

/**
 * Refuses a key that ssh could not use. With an ssh agent a public key, or one with a passphrase,
 * names the key in the agent that is to be used (ssh_config(5), IdentityFile).
 *
 * @returns whether the key can be used through an agent only
 * @throws CourierError LOCAL when it cannot be read; CONFIG
 */
export async function checkKeyFile(path: string, hasAgent: boolean): Promise<boolean> {
  const content = await readContent(path);
  const needsAgent = content === 'public' || content === 'locked';
  if (content === 'other' || (needsAgent && hasAgent)) return needsAgent;
  throw new CourierError('CONFIG', `--ssh-key ${path} ${refusals[content]}`);
}

const refusals: Readonly<Record<Exclude<Content, 'other'>, string>> = {
  public: 'is a public key; name the private one, whose file has the same name without .pub',
  putty: 'is a key of PuTTY; what ssh reads is made of it by puttygen -O private-openssh',
  windows: 'was saved by an editor of Windows; save it with line feeds alone, as plain ASCII',
  locked:
    "wants a passphrase, and nobody can be asked; load it into an ssh agent, or take it off with ssh-keygen -p -N ''",
};

/** Whether a file is a key that wants a passphrase; false for what cannot be read. */
export async function isLockedKey(path: string): Promise<boolean> {
  return (await readContent(path).catch(() => 'other')) === 'locked';
}

async function readContent(path: string): Promise<Content> {
  try {
    const stats = await pathStatus(path);
    // ssh says best what is wrong with the rest.
    if (!stats.isFile() || stats.size > longestBytes) {
      await requireAccess(path, fs.constants.R_OK);
      return 'other';
    }
    return recognise((await readWholeFile(path)).toString('latin1'));
  } catch (error) {
    throw asCourierError(error, `reading --ssh-key ${path}`);
  }
}

function recognise(text: string): Content {
  // Marks of UTF-16 and of UTF-8, in front of what is no letter of the form.
  if (/^(?:\xff\xfe|\xfe\xff|\xef\xbb\xbf)/.test(text)) return 'windows';
  if (text.startsWith('PuTTY-User-Key-File-')) return 'putty';
  if (/^(?:(?:ssh-|ecdsa-|sk-)\S+ AAAA|-{4,5} ?BEGIN (?:\w+ )*PUBLIC KEY)/m.test(text)) {
    return 'public';
  }
  // OpenSSL, which reads the other forms, does not mind.
  if (text.startsWith('-----BEGIN OPENSSH PRIVATE KEY-----\r')) return 'windows';
  return isLocked(text) ? 'locked' : 'other';
}

/** PEM (RFC 1421, 4.6.1.1), PKCS #8 (RFC 5958), or OpenSSH's own form (PROTOCOL.key). */
function isLocked(text: string): boolean {
  if (/^Proc-Type: 4,ENCRYPTED|^-----BEGIN ENCRYPTED PRIVATE KEY-----/m.test(text)) return true;
  const [, body] = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([^-]*)/.exec(text) ?? [];
  const bytes = Buffer.from(body ?? '', 'base64');
  const magic = Buffer.from('openssh-key-v1\0');
  const start = magic.length + 4;
  if (bytes.length < start || !bytes.subarray(0, magic.length).equals(magic)) return false;
  const cipher = bytes.subarray(start, start + bytes.readUInt32BE(magic.length));
  return cipher.toString('latin1') !== 'none';
}
