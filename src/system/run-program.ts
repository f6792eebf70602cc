/**
 * Runs another program to its end: no shell, bounded output, and nobody of its family left when
 * it is over.
 */

import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../cli/environment.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';

export interface ProgramCall {
  /** A name to be found in PATH, or an absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Who brings the program, for the message when it is not there. */
  readonly debianPackage?: string;
  /** All of the environment it gets, but for `LC_ALL=C`. */
  readonly env: Environment;
  readonly maxOutputBytes: number;
  /** What it reads on stdin; left out, it reads nothing. */
  readonly input?: Buffer | undefined;
}

/** How a program ended; whether that is good, the caller knows. */
export interface ProgramEnd {
  readonly stdout: Buffer;
  /** The last 16 kB of it. */
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Spawn = typeof import('node:child_process').spawn;
type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** What is needed of a child that runs. */
interface RunningChild extends Pick<Child, 'pid' | 'stdin' | 'stdout' | 'stderr' | 'unref'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(
    event: 'exit',
    listener: (code: number | null, signal: NodeJS.Signals | null) => void,
  ): unknown;
  on(event: 'close', listener: () => void): unknown;
}

/** How long a program has to end on SIGTERM, until SIGKILL. */
const graceMs = 80;
/**
 * How long stdout may be silent when the program has ended and somebody else still holds it: the
 * last in a pipeline may write a moment longer, and its end must not get lost.
 */
const silenceMs = 500;
/** How long one may take to end that was killed; in an uninterruptible call it does not end at all. */
const undeadMs = 500;
const longestStderr = 16 * 1024;

/**
 * Runs a program in a process group of its own. When it has ended, whatever it left behind in
 * that group is ended too: a survivor that holds our pipes would keep us waiting, as it would
 * keep Checkmk (checkmk-site.md#pipes).
 *
 * @throws CourierError LOCAL when it cannot be started; TOO_LARGE when it writes more than allowed;
 * the signal's reason when that aborts. The program has ended by then, unless the system does not let
 * it: in state D, as on a dead network file system, it is left alone.
 */
export async function runProgram(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const { spawn } = await import('node:child_process');
  signal.throwIfAborted();
  return new Run(await start(spawn, call), call).finish(signal);
}

/** Some failures to start are thrown here, the usual ones arrive as an event later. */
async function start(spawn: Spawn, call: ProgramCall): Promise<Child> {
  try {
    const options = { detached: true, env: { ...call.env, LC_ALL: 'C' } };
    const child: Child =
      call.input === undefined
        ? spawn(call.program, [...call.args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
        : spawn(call.program, [...call.args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    // Without a descriptor left Node makes no streams, and tells the rest as an event.
    if (!child.stdout) throw await whyNotStarted(child);
    // A program that does not read to the end says by its exit code what that means.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(call.input);
    return child;
  } catch (error) {
    throw cannotStart(error, call);
  }
}

function whyNotStarted(child: Child): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve));
}

/** A program that has been started, up to its end. */
export class Run {
  readonly #child: RunningChild;
  readonly #call: ProgramCall;
  readonly #stdout: Buffer[] = [];
  #stdoutBytes = 0;
  #stderr = Buffer.alloc(0);
  /** Why we ended it, when it did not end by itself. */
  #fault: unknown;
  #killTimer: NodeJS.Timeout | undefined;
  #undeadTimer: NodeJS.Timeout | undefined;
  readonly #givenUp = Promise.withResolvers<never>();
  #silenceTimer: NodeJS.Timeout | undefined;

  constructor(child: RunningChild, call: ProgramCall) {
    this.#child = child;
    this.#call = call;
    child.stdout.on('data', (chunk: Buffer) => this.#collect(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-longestStderr);
    });
  }

  async finish(signal: AbortSignal): Promise<ProgramEnd> {
    const abort = () => this.#stop(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const [code, endSignal] = await Promise.race([this.#ended(), this.#givenUp.promise]);
      if (this.#fault !== undefined) throw this.#fault;
      return {
        stdout: Buffer.concat(this.#stdout, this.#stdoutBytes),
        stderr: this.#stderr.toString(),
        code,
        signal: endSignal,
      };
    } finally {
      signal.removeEventListener('abort', abort);
      clearTimeout(this.#killTimer);
      clearTimeout(this.#undeadTimer);
    }
  }

  #collect(chunk: Buffer): void {
    this.#stdoutBytes += chunk.length;
    if (this.#stdoutBytes <= this.#call.maxOutputBytes) {
      this.#stdout.push(chunk);
      this.#silenceTimer?.refresh();
      return;
    }
    const { program, maxOutputBytes } = this.#call;
    const message = `${program} writes more than the allowed ${maxOutputBytes} bytes`;
    this.#stop(new CourierError('TOO_LARGE', message));
  }

  /** Asks first, then insists. */
  #stop(fault: unknown): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    this.#killGroup('SIGTERM');
    this.#killTimer = setTimeout(() => {
      this.#killGroup('SIGKILL');
      this.#child.stdin?.destroy();
      this.#child.stdout.destroy();
      this.#child.stderr.destroy();
      this.#undeadTimer = setTimeout(() => this.#giveUp(fault), undeadMs);
    }, graceMs);
  }

  /** Nothing waits for it any more, nor does the end of this program. */
  #giveUp(fault: unknown): void {
    this.#child.unref();
    this.#givenUp.reject(fault);
  }

  #killGroup(name: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // All of the group has ended already.
    }
  }

  /** Its exit, then the end of both pipes, a moment later if need be without their other ends. */
  #ended(): Promise<readonly [number | null, NodeJS.Signals | null]> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      child.on('error', (error) => reject(cannotStart(error, this.#call)));
      child.on('exit', (code, signal) => {
        const complaintsTimer = setTimeout(() => child.stderr.destroy(), graceMs);
        // A timer may be late, and what came meanwhile still be unread: the immediate is behind that.
        this.#silenceTimer = setTimeout(
          () => setImmediate(() => child.stdout.destroy()),
          silenceMs,
        );
        child.on('close', () => {
          clearTimeout(complaintsTimer);
          clearTimeout(this.#silenceTimer);
          this.#killGroup('SIGKILL');
          resolve([code, signal]);
        });
      });
    });
  }
}

function cannotStart(error: unknown, call: ProgramCall): CourierError {
  const { program, debianPackage } = call;
  if (errorCode(error) === 'ENOENT') {
    if (isAbsolute(program) && existsSync(program)) {
      const message = `${program} needs an interpreter that is not installed, see its first line`;
      return new CourierError('LOCAL', message, { cause: error });
    }
    const hint = debianPackage === undefined ? '' : ` (Debian package ${debianPackage})`;
    return new CourierError('LOCAL', `${program} is not installed${hint}`, { cause: error });
  }
  // Whatever it is, such as an argument list that is too long: it is wrong on this machine.
  const { message } = asCourierError(error, `starting ${program}`);
  return new CourierError('LOCAL', message, { cause: error });
}

/** How a program ended, for a message: `exit code 3: "no such module"`. */
export function describeEnd({ code, signal, stderr }: ProgramEnd): string {
  const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return said === '' ? how : `${how}: ${quote(said)}`;
}
