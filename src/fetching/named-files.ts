/** Checks files that options name: whether they are there and are what they must be. */

import { constants } from 'node:fs';
import type { CommandContext } from '../cli/command.ts';
import type { OptionTable } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierErrorWhile } from '../faults/system-errors.ts';
import { closeFile, fileStatus, openFile } from '../files/file-calls.ts';
import { readStart } from '../files/read-start.ts';
import { readStoredPassword } from '../secrets/password-store.ts';
import { readSecretFile } from '../secrets/secrets.ts';

/** Options whose files hold authorities. */
const authorities: readonly string[] = ['ca', 'agentCa'];

/**
 * Looks at the file that an option names.
 *
 * @param table where the option is described; a value that the table refuses is ignored here
 * @returns what is wrong with the file, or undefined
 */
export async function findFileProblem(
  table: OptionTable,
  name: string,
  value: string,
  context: CommandContext,
): Promise<string | undefined> {
  try {
    const [kind, path] = [kindOf(table, name), toPath(table, name, value)];
    if (kind === undefined || path === undefined) return undefined;
    if (kind === 'secret') await readSecretFile(path, name, context.log);
    else if (kind === 'stored') await readStoredPassword(path, name, context);
    else await lookAt(path, name);
    return undefined;
  } catch (error) {
    if (error instanceof CourierError && error.code !== 'INTERNAL') return error.message;
    throw error;
  }
}

function kindOf(table: OptionTable, name: string): 'secret' | 'stored' | 'file' | undefined {
  const spec = table[name];
  if (spec === undefined || spec.kind === 'switch') return undefined;
  if (spec.placeholder === 'ID:FILE') return 'stored';
  if (spec.placeholder !== 'FILE') return undefined;
  // A secret comes from a file or from the store, by two options.
  const sibling = name.replace(/File$/, 'Id');
  return sibling !== name && Object.hasOwn(table, sibling) ? 'secret' : 'file';
}

/** The value as the option itself reads it, with `~` resolved. */
function toPath(table: OptionTable, name: string, value: string): string | undefined {
  const spec = table[name];
  const path: unknown =
    spec === undefined || spec.kind === 'switch' ? undefined : spec.parse(value);
  return typeof path === 'string' ? path : undefined;
}

const mostBytes = 1024 * 1024;

/** @throws CourierError LOCAL or CONFIG */
async function lookAt(path: string, name: string): Promise<void> {
  let file: number | undefined;
  try {
    // O_NONBLOCK: opening a FIFO must not block.
    file = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await fileStatus(file);
    if (!stats.isFile()) throw new CourierError('CONFIG', 'not a regular file');
    if (stats.size === 0) throw new CourierError('CONFIG', 'the file is empty');
    if (!authorities.includes(name)) return;
    if ((await readStart(file, mostBytes)).includes('-----BEGIN ')) return;
    throw new CourierError('CONFIG', 'the file holds no certificate in PEM');
  } catch (error) {
    throw asCourierErrorWhile(error, `reading ${name} ${path}`);
  } finally {
    if (file !== undefined) await closeFile(file);
  }
}
