/** Small records, one JSON file each, so that two processes never undo each other's work. */

import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ZodType } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import {
  linkStatus,
  makeDirectory,
  makeLink,
  pathStatus,
  readDirectory,
  readWholeFile,
  remove,
  removeFile,
  renameFile,
} from '../../files/file-calls.ts';
import { fileVersion } from '../../files/file-version.ts';
import type { Logger } from '../../logging/log.ts';
import { syncDirectory } from '../../system/durable-files.ts';
import { withLockFile } from '../../system/lock-file.ts';
import { isTrustedEntry, requireTrusted } from '../../system/trusted-path.ts';
import { setAside, writeDurably } from './record-files.ts';

interface Cached<Value> {
  readonly version: string;
  readonly value: Value;
}

/** A record that is there and cannot be used. */
export interface DamagedRecord {
  readonly name: string;
  /** Which file, and what is wrong with it. */
  readonly message: string;
  /** Whether its content is wrong; otherwise it could not even be read. */
  readonly isTorn: boolean;
}

export interface Inspection<Value> {
  readonly values: readonly Value[];
  readonly damaged: readonly DamagedRecord[];
}

/** Temporary files begin with it; no record does. */
const temporaryMark = '.new-';
const ending = '.json';
/** Below the records: a lock a record. */
const locks = '.locks';

/**
 * A directory of records that survive a crash: temporary file, fsync, rename, fsync of the
 * directory. A record is read again when its file has changed, whoever changed it. Changes are made
 * under a lock, on what was read under the same lock.
 */
export class Records<Value> {
  readonly directory: string;
  readonly #schema: ZodType<Value>;
  readonly #cache = new Map<string, Cached<Value>>();
  #log: Logger | undefined;
  /** Damaged records that were logged; each is logged once. */
  readonly #told = new Set<string>();

  constructor(directory: string, schema: ZodType<Value>) {
    this.directory = directory;
    this.#schema = schema;
  }

  /**
   * Makes the directory.
   *
   * @param log of the receiver: it alone removes what a crash left of writing, and moves damaged
   * records to `broken`, saying so
   */
  async prepare(log?: Logger): Promise<void> {
    await this.#while('preparing', this.directory, async () => {
      await makeDirectory(join(this.directory, locks), { recursive: true, mode: 0o700 });
      await requireTrusted(this.directory);
      if (log === undefined) return;
      for (const name of await readDirectory(this.directory)) {
        if (name.startsWith(temporaryMark))
          await remove(join(this.directory, name), { force: true });
      }
    });
    if (log === undefined) return;
    for (const { name, isTorn, message } of (await this.inspect()).damaged) {
      this.#told.add(message);
      // A file that cannot be read at all may be undamaged.
      if (!isTorn) log.warn({}, message);
      else
        await setAside(this.#pathOf(name), join(dirname(this.directory), 'broken'), message, log);
    }
    this.#log = log;
  }

  /**
   * @returns the same object as long as the file is the same; undefined when there is none
   * @throws CourierError CONFIG when the file is damaged; LOCAL when it cannot be read
   */
  async read(name: string): Promise<Value | undefined> {
    const path = this.#pathOf(name);
    return this.#while('reading', path, async () => {
      try {
        const stats = lstatSync(path);
        if (!isTrustedEntry(stats)) await requireTrusted(path);
        const version = fileVersion(stats);
        const known = this.#cache.get(name);
        if (known?.version === version) return known.value;
        const value = this.#parse(await readWholeFile(path, 'utf8'), path);
        this.#cache.set(name, { version, value });
        return value;
      } catch (error) {
        this.#cache.delete(name);
        if (errorCode(error) === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  /** The names of all records, in order. */
  async names(): Promise<readonly string[]> {
    return this.#while('reading', this.directory, async () => {
      const files = await readDirectory(this.directory);
      const records = files.filter((file) => file.endsWith(ending) && !file.startsWith('.'));
      return records.map((file) => file.slice(0, -ending.length)).sort();
    });
  }

  /**
   * All records, or those of some names, in the order of their names; a damaged one takes no other
   * along, and is logged.
   */
  async list(isMeant: (name: string) => boolean = () => true): Promise<readonly Value[]> {
    const { values, damaged } = await this.inspect(isMeant);
    for (const { message } of damaged) {
      if (!this.#told.has(message)) this.#log?.warn({}, message);
      this.#told.add(message);
    }
    return values;
  }

  /** The same with what is wrong with the others. */
  async inspect(isMeant: (name: string) => boolean = () => true): Promise<Inspection<Value>> {
    const values: Value[] = [];
    const damaged: DamagedRecord[] = [];
    for (const name of (await this.names()).filter(isMeant)) {
      try {
        const value = await this.read(name);
        if (value !== undefined) values.push(value);
      } catch (error) {
        const { code, message } = asCourierError(error, 'reading');
        const stats = await linkStatus(this.#pathOf(name)).catch(() => undefined);
        const isTorn = code === 'CONFIG' && stats !== undefined && isTrustedEntry(stats);
        damaged.push({ name, message, isTorn });
      }
    }
    return { values, damaged };
  }

  /** Changes whenever a record comes, goes or is replaced. */
  async version(): Promise<string> {
    return this.#while('reading', this.directory, async () => {
      const { ino, mtimeMs } = await pathStatus(this.directory);
      return `${ino} ${mtimeMs}`;
    });
  }

  /**
   * Makes of a record what `change` says, while no process can change it otherwise.
   *
   * @param change what is there → what shall be, undefined for nothing; the same object for no change
   * @returns what is there then
   * @throws whatever `change` throws; nothing is changed then
   */
  async update(
    name: string,
    change: (before: Value | undefined) => Promise<Value | undefined> | Value | undefined,
  ): Promise<Value | undefined> {
    return this.#locked(name, async () => {
      const before = await this.read(name);
      const after = await change(before);
      if (after === before) return after;
      if (after === undefined) await this.#unlink(name);
      else await this.#put(name, after, renameFile);
      return after;
    });
  }

  /** Writes a record, whatever there is of that name. */
  async write(name: string, value: Value): Promise<void> {
    await this.#locked(name, () => this.#put(name, value, renameFile));
  }

  /** @returns false when there is a record of that name already */
  async create(name: string, value: Value): Promise<boolean> {
    return this.#put(name, value, async (temporary, path) => {
      await makeLink(temporary, path);
      await remove(temporary);
    });
  }

  /** @returns false when there was none; of several at once, one gets true */
  async remove(name: string): Promise<boolean> {
    return this.#locked(name, () => this.#unlink(name));
  }

  #locked<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    return withLockFile(join(this.directory, locks, this.#check(name)), work);
  }

  async #unlink(name: string): Promise<boolean> {
    const path = this.#pathOf(name);
    return this.#while('removing', path, async () => {
      try {
        // Not remove(), which would report success to two callers at once.
        await removeFile(path);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false;
        throw error;
      }
      this.#cache.delete(name);
      await syncDirectory(this.directory);
      return true;
    });
  }

  async #put(
    name: string,
    value: Value,
    place: (temporary: string, path: string) => Promise<void>,
  ): Promise<boolean> {
    const path = this.#pathOf(name);
    const temporary = join(this.directory, `${temporaryMark}${randomBytes(9).toString('hex')}`);
    return this.#while('writing', path, async () => {
      try {
        await writeDurably(temporary, `${JSON.stringify(value, null, 2)}\n`);
        await place(temporary, path);
      } catch (error) {
        await remove(temporary, { force: true });
        if (errorCode(error) === 'EEXIST') return false;
        throw error;
      }
      await syncDirectory(this.directory);
      return true;
    });
  }

  #parse(text: string, path: string): Value {
    const parsed = this.#schema.safeParse(parseJson(text, path));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'the record';
    throw new CourierError('CONFIG', `${path}: ${where}: ${issue?.message ?? 'not as expected'}`);
  }

  #pathOf(name: string): string {
    return join(this.directory, `${this.#check(name)}${ending}`);
  }

  /** Names come from checked values; this is what stands between a mistake and another file. */
  #check(name: string): string {
    if (name !== '' && !name.startsWith('.') && !/[/\0]/.test(name)) return name;
    throw new CourierError('INTERNAL', 'a record of that name cannot be');
  }

  async #while<Result>(doing: string, path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw asCourierError(error, `${doing} ${path}`);
    }
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not the whole message, which quotes the file and so the hashes in it.
    const [place = ''] = / at position \d+/.exec(String(error)) ?? [];
    throw new CourierError('CONFIG', `${path}: not JSON${place}`);
  }
}
