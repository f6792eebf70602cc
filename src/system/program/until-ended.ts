/** Waits for the end of a program and of what it writes. */

import type { RunningChild } from './spawning.ts';
import { graceMs, killGroup } from './termination.ts';

type Exit = readonly [code: number | null, signal: NodeJS.Signals | null];

/**
 * How long stdout may be silent when the program has ended and another process still holds it: the
 * last in a pipeline may write a moment longer, and its end must not get lost.
 */
const silenceMs = 500;

/**
 * Its exit, once both pipes have ended too. Pipes that a survivor of its group holds are closed on
 * our side, and the survivor is killed. Rejects when the program could not be started.
 */
export function untilEnded(child: RunningChild): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const letGo = closePipesSoon(child);
      child.on('close', () => {
        letGo();
        killGroup(child, 'SIGKILL');
        resolve([code, signal]);
      });
    });
  });
}

/** @returns how to let go of the timers */
function closePipesSoon({ stdout, stderr }: RunningChild): () => void {
  const complaints = setTimeout(() => stderr.destroy(), graceMs);
  // A late timer may run before output that has arrived is read; an immediate runs after it is
  // read.
  const silence = setTimeout(() => setImmediate(() => stdout.destroy()), silenceMs);
  stdout.on('data', () => silence.refresh());
  return () => {
    clearTimeout(complaints);
    clearTimeout(silence);
  };
}
