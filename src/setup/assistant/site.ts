/** The site we are in. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { describeEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { hasProgram } from '../rules/site-programs.ts';

export interface Site {
  readonly name: string;
  readonly root: string;
  /** Such as `2.4.0p14`. */
  readonly version: string;
  /** In words, such as `Raw`. */
  readonly edition: string;
}

/** As versions end in them; 2.5 has names of its own. */
const editions: Readonly<Record<string, string>> = {
  cre: 'Raw',
  cee: 'Enterprise',
  cce: 'Cloud',
  cme: 'Managed Services',
  cse: 'hosted',
  community: 'Community',
  pro: 'Pro',
  ultimate: 'Ultimate',
  ultimatemt: 'Ultimate with multi-tenancy',
  cloud: 'hosted',
};

/**
 * Finds out where we are.
 *
 * @throws CourierError USAGE outside of a site; LOCAL when `omd` does not tell
 */
export async function findSite(context: CommandContext): Promise<Site> {
  const { OMD_ROOT: root, OMD_SITE: name } = context.env;
  if (!root || !name) {
    throw new CourierError('USAGE', 'this is not the user of a site; do it as that: omd su SITE');
  }
  const text = await runInSite('omd', ['version', '-b'], context);
  const [, version, suffix = ''] = /^(\d+\.\d+\.\S*?)(?:\.([a-z]+))?$/.exec(text.trim()) ?? [];
  if (version === undefined) throw new CourierError('LOCAL', 'omd version tells no version');
  return { name, root, version, edition: editions[suffix] ?? (suffix || 'unknown') };
}

/**
 * Refuses to make rules for a program that the site would not find (checkmk-site.md#running).
 *
 * @throws CourierError LOCAL, saying how to install it
 */
export async function requireProgram({ root }: Site): Promise<void> {
  if (await hasProgram(root, 'cmk-courier')) return;
  throw new CourierError(
    'LOCAL',
    'there is no ~/local/bin/cmk-courier for the site to run; mkp enable cmk_courier_program, or install it there',
  );
}

const longestMs = 120_000;
const maxOutputBytes = 256 * 1024 ** 2;

/**
 * What a program of the site prints.
 *
 * @throws CourierError LOCAL when it fails, with what it said last; TIMEOUT
 */
export async function runInSite(
  program: string,
  args: readonly string[],
  { env, clock, shutdown }: CommandContext,
): Promise<string> {
  const line = [program, ...args].join(' ');
  const limit = { clock, timeoutMs: longestMs, tooSlow: `${line} did not end` };
  const end = await withTimeLimit(limit, shutdown, (signal) =>
    runProgram({ program, args, env, maxOutputBytes }, signal),
  );
  if (end.code === 0) return end.stdout.toString('latin1');
  throw new CourierError('LOCAL', `${line}: ${describeEnd(end)}`);
}
