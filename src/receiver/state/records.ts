/** Small things to remember: one JSON file each, so that two processes never undo each other's work. */

import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { isTrustedEntry, requireTrusted } from '../../system/trusted-path.ts';

interface Cached<Value> {
  readonly version: string;
  readonly value: Value;
}

/** Temporary files begin with it; no record does. */
const temporaryMark = '.new-';
const ending = '.json';

/**
 * A directory of records that survive a crash: temporary file, fsync, rename, fsync of the
 * directory. A record is read again when its file has changed, whoever changed it.
 */
export class Records<Value> {
  readonly directory: string;
  readonly #schema: ZodType<Value>;
  readonly #cache = new Map<string, Cached<Value>>();

  constructor(directory: string, schema: ZodType<Value>) {
    this.directory = directory;
    this.#schema = schema;
  }

  /** Makes the directory; with `tidy` removes what a crash left of writing, which only one may do. */
  async prepare(tidy = false): Promise<void> {
    await this.#while('preparing', this.directory, async () => {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await requireTrusted(this.directory);
      if (!tidy) return;
      for (const name of await readdir(this.directory)) {
        if (name.startsWith(temporaryMark)) await rm(join(this.directory, name), { force: true });
      }
    });
  }

  /**
   * @returns the same object as long as the file is the same; undefined when there is none
   * @throws CourierError CONFIG when the file is damaged; LOCAL when it cannot be read
   */
  async read(name: string): Promise<Value | undefined> {
    const path = this.#pathOf(name);
    return this.#while('reading', path, async () => {
      try {
        const stats = await lstat(path);
        if (!isTrustedEntry(stats)) await requireTrusted(path);
        const { ino, mtimeMs, ctimeMs, size } = stats;
        const version = `${ino} ${mtimeMs} ${ctimeMs} ${size}`;
        const known = this.#cache.get(name);
        if (known?.version === version) return known.value;
        const value = this.#parse(await readFile(path, 'utf8'), path);
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
      const files = await readdir(this.directory);
      const records = files.filter((file) => file.endsWith(ending) && !file.startsWith('.'));
      return records.map((file) => file.slice(0, -ending.length)).sort();
    });
  }

  /** All records in the order of their names. */
  async list(): Promise<readonly Value[]> {
    const values: Value[] = [];
    for (const name of await this.names()) {
      const value = await this.read(name);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** Changes whenever a record comes, goes or is replaced. */
  async version(): Promise<string> {
    return this.#while('reading', this.directory, async () => {
      const { ino, mtimeMs } = await stat(this.directory);
      return `${ino} ${mtimeMs}`;
    });
  }

  /** Writes a record, replacing one of that name. */
  async write(name: string, value: Value): Promise<void> {
    await this.#put(name, value, rename);
  }

  /** @returns false when there is a record of that name already */
  async create(name: string, value: Value): Promise<boolean> {
    return this.#put(name, value, async (temporary, path) => {
      await link(temporary, path);
      await rm(temporary);
    });
  }

  /** @returns false when there was none; of several at once, one gets true */
  async remove(name: string): Promise<boolean> {
    const path = this.#pathOf(name);
    return this.#while('removing', path, async () => {
      try {
        // Not rm(), which two may do at once and both be told they did.
        await unlink(path);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false;
        throw error;
      }
      this.#cache.delete(name);
      await this.#syncDirectory();
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
        await rm(temporary, { force: true });
        if (errorCode(error) === 'EEXIST') return false;
        throw error;
      }
      await this.#syncDirectory();
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
    // Names come from checked values; this is what stands between a mistake and another file.
    if (name === '' || name.startsWith('.') || name.includes('/') || name.includes('\0')) {
      throw new CourierError('INTERNAL', 'a record of that name cannot be');
    }
    return join(this.directory, `${name}${ending}`);
  }

  async #syncDirectory(): Promise<void> {
    await withFile(await open(this.directory, 'r'), (directory) => directory.sync());
  }

  async #while<Result>(doing: string, path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw asCourierError(error, `${doing} ${path}`);
    }
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await withFile(await open(path, 'wx', 0o600), async (file) => {
    await file.writeFile(text);
    await file.sync();
  });
}

async function withFile(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : 'not JSON';
    throw new CourierError('CONFIG', `${path}: ${said}`, { cause: error });
  }
}
