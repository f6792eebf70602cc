/** The real arguments, streams, clock and signals → main; sets the exit code. */

import { existsSync } from 'node:fs';
import type { Io } from './cli/io.ts';
import {
  readDescriptor,
  requireOutput,
  writeDescriptor,
  writeErrorText,
} from './cli/standard-streams.ts';
import { systemClock } from './clock.ts';
import { main } from './main.ts';
import { manyThreads } from './system/file-lanes.ts';
import { dieBySignal, listenForShutdown } from './system/shutdown.ts';

// Looked at when the first of the threads is needed. One fetch has better uses for the time, and so
// have children: `env` is as it was.
const wantsThreads = ['collect', 'receive'].includes(process.argv[2] ?? '');
const env = wantsThreads ? { ...process.env } : process.env;
if (wantsThreads) process.env['UV_THREADPOOL_SIZE'] = `${manyThreads}`;

const shutdown = listenForShutdown();

const io: Io = {
  env,
  clock: systemClock,
  shutdown: shutdown.signal,
  stay: shutdown.stay,
  readInput: (maxBytes) => readDescriptor(0, maxBytes),
  writeOutput: (bytes) => writeDescriptor(1, bytes),
  requireOutput: () => requireOutput(1),
  writeError: writeErrorText,
};

const shell = '/bin/sh';

/**
 * Ends the process now: a shell in our place does. process.exit waits for all threads of Node, and one
 * may never end: a name look-up or a read from a dead network file system holds it far beyond our deadline,
 * and a compiler that waits for the garbage collection that an ending process does not make holds it for ever
 * (nodejs/node issue 54918).
 */
function exitNow(code: number): void {
  // Where there is none execve would abort.
  if (process.execve !== undefined && existsSync(shell)) {
    // It would complain of a directory that is not there any more.
    process.chdir('/');
    process.execve(shell, ['sh', '-c', `exit ${code}`], {});
  }
  process.exit(code);
}

main(process.argv.slice(2), io).then((code) => {
  const signal = shutdown.received();
  if (signal !== undefined) dieBySignal(signal);
  // Not here, in the midst of the last system call's callback, where that call still counts.
  else setImmediate(exitNow, code);
});
