/** What fetches through rsync may leave behind, and must not. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { privateParent } from '../../../src/system/private-directory.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';

/** Programs started by this process that are still there, but for the daemons it waits for itself. */
async function listPrograms(): Promise<readonly string[]> {
  const lines = await readCommandLines();
  return lines.filter((line) => /^(?:\S*\/)?(?:rsync|ssh) /.test(line) && !/ --daemon /.test(line));
}

/** Private directories of this process. */
async function listDirectories(parent: string): Promise<readonly string[]> {
  const own = new RegExp(`^cmk-courier-\\d+-${process.pid}-`);
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => own.test(name)).map((name) => join(parent, name));
}

export async function listLeftovers(
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<readonly string[]> {
  return [...(await listPrograms()), ...(await listDirectories(privateParent(env)))];
}

export function assertNoLeftovers(
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<void> {
  return assertSoonEmpty('something is left', () => listLeftovers(env));
}
