/** The real arguments, streams, clock and signals → main; sets the exit code. */

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
import { hasAbandonedWork } from './system/until-aborted.ts';

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

/** What a hanging system call on libuv's threads looks like from here; readFile does not show. */
const blocking = ['GetAddrInfoReqWrap', 'GetNameInfoReqWrap', 'FSReqCallback', 'FSReqPromise'];

/**
 * Ends the process now. process.exit waits until libuv's threads are done, and a name look-up
 * or a read from a dead network file system may hold one far beyond our deadline; a shell in
 * our place ends at once.
 */
function exitNow(code: number): void {
  const hangs =
    hasAbandonedWork() || process.getActiveResourcesInfo().some((name) => blocking.includes(name));
  if (hangs && process.execve) process.execve('/bin/sh', ['sh', '-c', `exit ${code}`], {});
  process.exit(code);
}

main(process.argv.slice(2), io).then((code) => {
  const signal = shutdown.received();
  if (signal !== undefined) dieBySignal(signal);
  // Not here, in the midst of the last system call's callback, where that call still counts.
  else setImmediate(exitNow, code);
});
