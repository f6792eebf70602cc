/**
 * Who may log in: a file with a line for each person or screen, its name and the digest of its token.
 * The token itself is shown once, when it is made, and kept nowhere: it has 256 bits of chance, so a
 * plain digest tells nobody what it is.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CourierError, quote } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../../files/file-calls.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { withLockFile } from '../../system/lock-file.ts';
import { makeOwnDirectory } from '../../system/private-directory.ts';
import { requireTrusted } from '../../system/trusted-path.ts';

export interface TokenEntry {
  /** Who logs in with it; in the log with each action. */
  readonly name: string;
  /** SHA-256 of the token, as hexadecimal digits. */
  readonly digest: string;
  /** ISO 8601. */
  readonly madeAt: string;
}

const mostTokens = 1000;
/** Longer is no file of ours. */
const mostBytes = 256 * 1024;

export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Takes as long whatever differs. */
export function isSameDigest(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}

/** What goes over the wire once, at the login. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** @throws CourierError USAGE */
export function parseTokenName(text: string): string {
  if (/^[\w][\w.@-]{0,63}$/.test(text)) return text;
  const what = 'must be a name of letters, digits and . _ @ -, at most 64 of them';
  throw new CourierError('USAGE', `${what}, not ${quote(text)}`);
}

export class TokenFile {
  readonly path: string;

  /** @param directory what the status page keeps */
  constructor(directory: string) {
    this.path = join(directory, 'tokens');
  }

  /**
   * None while there is no file.
   *
   * @throws CourierError CONFIG when others may change the file, or it is wrong; LOCAL
   */
  async read(): Promise<readonly TokenEntry[]> {
    await requireTrusted(this.path);
    try {
      const { size, mode } = await pathStatus(this.path);
      if (size > mostBytes) throw this.#wrong('it is too large for a file of tokens');
      if ((mode & 0o077) !== 0) {
        throw this.#wrong('others may read it; only its owner is to (chmod 600)');
      }
      return this.#parse((await readWholeFile(this.path)).toString());
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /**
   * Makes a token in the place of one of the same name.
   *
   * @returns the token, which nobody can find out later
   */
  async create(name: string, madeAt: Date): Promise<string> {
    const secret = makeSecret();
    const entry = { name, digest: digestOf(secret), madeAt: madeAt.toISOString() };
    await this.#change((before) => [...before.filter((one) => one.name !== name), entry]);
    return secret;
  }

  /** @returns whether there was one */
  async remove(name: string): Promise<boolean> {
    let isThere = false;
    await this.#change((before) => {
      isThere = before.some((one) => one.name === name);
      return before.filter((one) => one.name !== name);
    });
    return isThere;
  }

  async #change(change: (before: readonly TokenEntry[]) => readonly TokenEntry[]): Promise<void> {
    await makeOwnDirectory(dirname(this.path), 'who may log in to the status page');
    await withLockFile(`${this.path}.lock`, async () => {
      const after = change(await this.read());
      if (after.length > mostTokens) {
        throw new CourierError('LOCAL', `${this.path} has room for ${mostTokens} tokens`);
      }
      const lines = after.map(({ name, digest, madeAt }) => `${name} ${digest} ${madeAt}\n`);
      await replaceFile(this.path, lines.join(''));
    });
  }

  #parse(text: string): readonly TokenEntry[] {
    return text.split('\n').flatMap((line, index) => {
      if (line === '' || line.startsWith('#')) return [];
      const [, name, digest, madeAt] =
        /^([\w][\w.@-]{0,63}) ([0-9a-f]{64}) (\S{1,40})$/.exec(line) ?? [];
      if (name === undefined || digest === undefined || madeAt === undefined) {
        throw this.#wrong(`line ${index + 1} is no name, digest and time`);
      }
      return [{ name, digest, madeAt }];
    });
  }

  #wrong(why: string): CourierError {
    return new CourierError('CONFIG', `${this.path}: ${why}`);
  }
}
