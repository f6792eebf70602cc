/** Runs the built program, or any other, to its end. */

import { type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The executable that `npm run build` writes. */
export const courier = fileURLToPath(new URL('../../dist/cmk-courier', import.meta.url));

/** The same program for people who have a Node. */
export const bundle = `${courier}.cjs`;

export interface Ended {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** What it has written to stderr. */
  said(): string;
}

/** Starts a program with stdin from the null device and both outputs read to their ends. */
export function start(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Running {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk) => stdout.push(chunk));
  child.stderr?.on('data', (chunk) => stderr.push(chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString(),
        code,
        signal,
      }),
    );
  });
  return { pid: child.pid ?? 0, ended, said: () => Buffer.concat(stderr).toString() };
}

/** Runs the built program. */
export function runCourier(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return start(courier, args, options).ended;
}
