/** What transports that run OpenSSH may leave behind in or under this process. */

import { readdir } from 'node:fs/promises';
import { privateParent } from '../../../src/system/private-directory.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';

/** Programs of ours that still run, and private directories that are still there. */
export async function listLeftovers(): Promise<readonly string[]> {
  const lines = await readCommandLines();
  const programs = lines.filter((line) => /^(ssh|sftp|scp|\/usr\/bin\/ssh)\b/.test(line));
  const names = await readdir(privateParent({}));
  const ours = names.filter((name) => name.includes(`-${process.pid}-`));
  return [...programs, ...ours];
}

/** Fails when something is left, after a moment to let go of it. */
export async function assertNoLeftovers(): Promise<void> {
  await assertSoonEmpty('something is left', listLeftovers);
}
