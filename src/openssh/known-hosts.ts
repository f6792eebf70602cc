/** The courier's file of host keys: `names type key`, one a line (sshd(8), SSH_KNOWN_HOSTS). */

import { createHash, createHmac } from 'node:crypto';
import { dirname } from 'node:path';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import {
  makeDirectory,
  readWholeFile,
  remove,
  renameFile,
  writeWholeFile,
} from '../files/file-calls.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import type { SshLogin } from './login.ts';

export interface HostKey {
  /** As in the file: `ssh-ed25519`. */
  readonly type: string;
  /** In Base64. */
  readonly key: string;
}

/** A key a host has shown, beside what is recorded of that host. */
export interface KeyFinding extends HostKey {
  readonly state: 'new' | 'known' | 'changed';
  /** What it has been before, when it has changed. */
  readonly before: HostKey | undefined;
}

/** `SHA256:…`, as ssh-keygen prints it. */
export function fingerprintOf({ key }: HostKey): string {
  const sum = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
  return `SHA256:${sum.replace(/=+$/, '')}`;
}

/** The name a host has in the file. */
export function toKnownName({ host, port = 22 }: SshLogin): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

const keyLine = /^([^\s#@]\S*) +([a-z\d@.-]+) +([A-Za-z\d+/]+=*)(?:\s.*)?$/;

/** The key in a line of the file, or undefined when it holds none or is none for `name`. */
function keyFor(line: string, name: string): HostKey | undefined {
  const [, names = '', type, key] = keyLine.exec(line) ?? [];
  if (type === undefined || key === undefined) return undefined;
  return names.split(',').some((candidate) => isName(candidate, name)) ? { type, key } : undefined;
}

/** A name may be hashed: `|1|salt|HMAC-SHA1 of the name`. */
function isName(candidate: string, name: string): boolean {
  const [, salt, sum] = /^\|1\|([^|]+)\|([^|]+)$/.exec(candidate) ?? [];
  if (salt === undefined) return candidate.toLowerCase() === name;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === sum;
}

/** What the keys a host shows now are to those recorded for it in the file's `text`. */
export function compareKeys(
  shown: readonly HostKey[],
  text: string,
  name: string,
): readonly KeyFinding[] {
  const recorded = text.split('\n').flatMap((line) => keyFor(line, name) ?? []);
  const isKnown = (key: HostKey) =>
    recorded.some((old) => old.type === key.type && old.key === key.key);
  // Keys of new types alone are no sign of a known host: whoever sits in between has some too.
  const stranger = shown.some(isKnown) ? undefined : recorded[0];
  return shown.map((key) => {
    if (isKnown(key)) return { ...key, state: 'known', before: undefined };
    const before = recorded.find(({ type }) => type === key.type) ?? stranger;
    return { ...key, state: before === undefined ? 'new' : 'changed', before };
  });
}

/** The file's text with keys added; what a changed host had before is taken out. */
export function withKeys(text: string, name: string, keys: readonly KeyFinding[]): string {
  const isReplaced = keys.some(({ state }) => state === 'changed');
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = isReplaced ? lines.flatMap((line) => withoutName(line, name)) : lines;
  const added = keys.filter(({ state }) => isReplaced || state === 'new');
  return [...kept, ...added.map(({ type, key }) => `${name} ${type} ${key}`), ''].join('\n');
}

function withoutName(line: string, name: string): readonly string[] {
  if (keyFor(line, name) === undefined) return [line];
  const [names = '', ...rest] = line.split(/ +/);
  const others = names.split(',').filter((candidate) => !isName(candidate, name));
  return others.length === 0 ? [] : [[others.join(','), ...rest].join(' ')];
}

/**
 * The file's text; empty when there is no file yet.
 *
 * @throws CourierError LOCAL; CONFIG when others may change it
 */
export async function readKnownHosts(file: string): Promise<string> {
  await requireTrusted(file);
  return readWholeFile(file, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw asCourierError(error, `reading ${file}`);
  });
}

/**
 * Puts a new file in the place of the old one, whole or not at all.
 *
 * @throws CourierError LOCAL
 */
export async function writeKnownHosts(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  try {
    await makeDirectory(dirname(file), { recursive: true, mode: 0o700 });
    await writeWholeFile(fresh, text, { mode: 0o600, flush: true });
    await renameFile(fresh, file);
  } catch (error) {
    await remove(fresh, { force: true });
    throw asCourierError(error, `writing ${file}`);
  }
}
