/** The deny list: serials of host certificates that are no longer accepted. */

import { join } from 'node:path';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { pathStatus } from '../files/file-calls.ts';
import { appendLine, readTextFileIfThere } from '../system/durable-files.ts';
import { files } from './directory.ts';

/** A list as it was when it was read last, and what was added here since. */
export class Revocations {
  readonly #path: string;
  #serials: ReadonlySet<string> = new Set();
  /** Kept apart: a reading that is under way must not lose one. */
  readonly #added = new Set<string>();
  #version = '';
  /** Readings that have begun, and the last of them that counts. */
  #begun = 0;
  #applied = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads the list; none is an empty one.
   *
   * @throws CourierError CONFIG when it cannot be understood, naming file and line; LOCAL
   */
  static async load(directory: string): Promise<Revocations> {
    const revocations = new Revocations(join(directory, files.revoked));
    await revocations.reload();
    return revocations;
  }

  /**
   * Reads the list again if the file has changed, which costs one system call when it has not.
   *
   * @throws CourierError as {@link load}; what was known stays known then
   */
  async reload(): Promise<void> {
    this.#begun += 1;
    const turn = this.#begun;
    const version = await this.#findVersion();
    if (version === this.#version) return;
    const serials = parseList(await readTextFileIfThere(this.#path), this.#path);
    // Whoever began later knows at least as much.
    if (turn < this.#applied) return;
    this.#applied = turn;
    this.#serials = serials;
    this.#version = version;
  }

  /** @param serial hexadecimal in either case, as node:tls and openssl show it */
  has(serial: string): boolean {
    const known = toSerial(serial);
    return this.#serials.has(known) || this.#added.has(known);
  }

  /**
   * Denies a certificate from now on; on disk when this resolves.
   *
   * @param uuid whose it is, for people who read the file
   * @throws CourierError USAGE when `serial` is none; LOCAL, though here it is denied already
   */
  async add(serial: string, uuid: string, now: Date): Promise<void> {
    if (!isSerial(serial)) throw new CourierError('USAGE', `${quote(serial)} is no serial`);
    const known = toSerial(serial);
    this.#added.add(known);
    await appendLine(this.#path, `${known} ${uuid.replace(/\s/g, '') || '-'} ${now.toISOString()}`);
  }

  /** Changes with the file; empty when there is none. */
  async #findVersion(): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await pathStatus(this.#path);
      return `${ino} ${size} ${mtimeMs}`;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw asCourierError(error, `reading ${this.#path}`);
    }
  }
}

/** A serial has at most 20 bytes (RFC 5280, 4.1.2.2); openssl parts them by colons. */
export function isSerial(text: string): boolean {
  return /^[\da-f]{1,40}$/i.test(text.replaceAll(':', ''));
}

/** One way to write it. */
export function toSerial(text: string): string {
  return text
    .replaceAll(':', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '');
}

/**
 * Serials, one a line; what follows is for people. What a crash has left of a line is a serial
 * nobody has, so it does no harm; a line that does not begin with one could have been meant to
 * deny something, so it is not passed over.
 */
function parseList(text: string, path: string): ReadonlySet<string> {
  const serials = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const [serial = ''] = line.trim().split(/\s/);
    if (serial === '' || serial.startsWith('#')) continue;
    if (!isSerial(serial)) {
      throw new CourierError('CONFIG', `${path}:${index + 1}: ${quote(serial)} is no serial`);
    }
    serials.add(toSerial(serial));
  }
  return serials;
}
