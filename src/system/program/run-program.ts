/**
 * Runs another program to its end: no shell, bounded output, and nobody of its process group left
 * when it is over.
 */

import { CourierError } from '../../faults/errors.ts';
import type { ProgramCall, ProgramEnd } from './call.ts';
import { ProgramOutput } from './output.ts';
import { type RunningChild, start, toStartFault } from './spawning.ts';
import { Termination } from './termination.ts';
import { untilEnded } from './until-ended.ts';

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

/** A program that has been started, up to its end. */
export class Run {
  readonly #child: RunningChild;
  readonly #call: ProgramCall;
  readonly #output: ProgramOutput;
  readonly #termination: Termination;

  constructor(child: RunningChild, call: ProgramCall) {
    this.#child = child;
    this.#call = call;
    this.#output = new ProgramOutput(call.maxOutputBytes);
    this.#termination = new Termination(child);
    child.stdout.on('data', (piece: Buffer) => {
      if (!this.#output.addStdout(piece)) this.#termination.begin(tooLarge(call));
    });
    child.stderr.on('data', (piece: Buffer) => this.#output.addStderr(piece));
  }

  /** Waits for the end, which comes early when the signal aborts; see {@link runProgram}. */
  async finish(signal: AbortSignal): Promise<ProgramEnd> {
    const abort = () => this.#termination.begin(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const ended = untilEnded(this.#child).catch((error: unknown) => {
        throw toStartFault(error, this.#call);
      });
      const [code, endSignal] = await Promise.race([ended, this.#termination.givenUp]);
      if (this.#termination.reason !== undefined) throw this.#termination.reason;
      const { stdout, stderr } = this.#output;
      return { stdout, stderr, code, signal: endSignal };
    } finally {
      signal.removeEventListener('abort', abort);
      this.#termination.stop();
    }
  }
}

function tooLarge({ program, maxOutputBytes }: ProgramCall): CourierError {
  const message = `${program} writes more than the allowed ${maxOutputBytes} bytes`;
  return new CourierError('TOO_LARGE', message);
}
