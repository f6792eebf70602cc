/** Another user of this machine, who wants to be believed. */

import { spawnSync } from 'node:child_process';
import { skipWithout } from './required-peer.ts';

/** `daemon`, which every Linux has: a user and a group of this number. */
export const anotherUser = 1;

/** Whether a test that acts as another user has to be skipped: a reason, or false. */
export function skipUnlessRoot(): string | false {
  return process.geteuid?.() === 0 ? skipWithout('setpriv') : 'only root can act as another user';
}

/** The arguments for setpriv that make a program run as another user, with no right of root's. */
function asAnotherUser(program: string, ...args: readonly string[]): readonly string[] {
  const user = [`--reuid=${anotherUser}`, `--regid=${anotherUser}`, '--clear-groups'];
  return [...user, '--inh-caps=-all', program, ...args];
}

/** What a line of sh comes to when another user runs it. */
export function runAsAnotherUser(line: string, env: NodeJS.ProcessEnv = process.env) {
  return spawnSync('setpriv', asAnotherUser('sh', '-c', line), { env, encoding: 'utf8' });
}
