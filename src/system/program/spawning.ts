/** Starts a program, and says why where that fails. */

import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import type { ProgramCall } from './call.ts';

export type Spawn = typeof import('node:child_process').spawn;
type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** What is needed of a child that runs. */
export interface RunningChild extends Pick<Child, 'pid' | 'stdin' | 'stdout' | 'stderr' | 'unref'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(
    event: 'exit',
    listener: (code: number | null, signal: NodeJS.Signals | null) => void,
  ): unknown;
  on(event: 'close', listener: () => void): unknown;
}

/**
 * Starts it in a process group of its own. Some failures are thrown here; the usual ones, such as
 * a program that is not there, arrive as an `error` event later.
 *
 * @throws CourierError LOCAL
 */
export async function start(spawn: Spawn, call: ProgramCall): Promise<RunningChild> {
  try {
    const child = spawnWithPipes(spawn, call);
    // Without a descriptor left Node makes no streams, and tells the reason as an event.
    if (!child.stdout) throw await whyNotStarted(child);
    // A program that does not read all of its input says by its exit code what that means.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(call.input);
    return child;
  } catch (error) {
    throw toStartFault(error, call);
  }
}

function spawnWithPipes(spawn: Spawn, { program, args, env, input }: ProgramCall): Child {
  const options = { detached: true, env: { ...env, LC_ALL: 'C' } };
  return input === undefined
    ? spawn(program, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn(program, [...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
}

function whyNotStarted(child: Child): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve));
}

/** Why a program could not be started. It is wrong on this machine, whatever it is: LOCAL. */
export function toStartFault(error: unknown, call: ProgramCall): CourierError {
  const message = errorCode(error) === 'ENOENT' ? describeMissing(call) : undefined;
  return new CourierError(
    'LOCAL',
    message ?? asCourierError(error, `starting ${call.program}`).message,
    { cause: error },
  );
}

/** The system says ENOENT of the program, and of the interpreter its first line names. */
function describeMissing({ program, debianPackage }: ProgramCall): string {
  if (isAbsolute(program) && existsSync(program)) {
    return `${program} needs an interpreter that is not installed, see its first line`;
  }
  const hint = debianPackage === undefined ? '' : ` (Debian package ${debianPackage})`;
  return `${program} is not installed${hint}`;
}
