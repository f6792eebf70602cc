/** Commits of many files at once: the near end of the thread that makes them. */

import { Worker } from 'node:worker_threads';
import { monotonicExpression } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { type CallFault, CommitThread, type Job, type Report } from './commit-thread.ts';
import type { Arrival, Commits } from './commits.ts';

/** All that runs in the thread. */
const program = `
  const { parentPort } = require('node:worker_threads');
  const report = (done) => parentPort.postMessage(done);
  const thread = new (${CommitThread})(require('node:fs'), () => ${monotonicExpression}, report);
  parentPort.on('message', (jobs) => thread.take(jobs));
`;

interface Asker {
  readonly resolve: (leftover: Error | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with the first file, and keeps no process alive that has nothing to write. */
export class GroupCommits implements Commits {
  readonly #tellFsync: (durationMs: number) => void;
  readonly #askers = new Map<number, Asker>();
  #jobs: Job[] = [];
  #count = 0;
  #thread: Worker | undefined;

  /** @param tellFsync hears how long each fsync took */
  constructor(tellFsync: (durationMs: number) => void) {
    this.#tellFsync = tellFsync;
  }

  write({ directory, ...file }: Arrival, buffers: readonly Buffer[]): Promise<Error | undefined> {
    return this.#ask({ directory, file: { ...file, parts: buffers.map(toMemoryOfItsOwn) } });
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #ask(job: Omit<Job, 'id'>): Promise<Error | undefined> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      this.#askers.set(this.#count, { resolve, reject });
      this.#jobs.push({ id: this.#count, ...job });
      // One message for all that is asked in this turn of the event loop.
      if (this.#jobs.length === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    try {
      this.#thread ??= this.#start();
      this.#thread.ref();
      this.#thread.postMessage(jobs);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #start(): Worker {
    // Whatever options this process was started with: they say how its own code is read.
    const thread = new Worker(program, { eval: true, execArgv: [], env: {} });
    thread.on('message', (report: Report) => this.#hear(report));
    thread.on('error', (error: Error) => {
      if (thread === this.#thread) this.#giveUp(error);
    });
    return thread;
  }

  #hear({ ended, fsyncsMs }: Report): void {
    for (const durationMs of fsyncsMs) this.#tellFsync(durationMs);
    for (const { id, fault, leftover } of ended) {
      const asker = this.#askers.get(id);
      this.#askers.delete(id);
      if (fault === undefined) asker?.resolve(leftover && toError(leftover));
      else asker?.reject(toError(fault));
    }
    // A process that has nothing else to do may end.
    if (this.#askers.size === 0) this.#thread?.unref();
  }

  /** Nobody knows what has become of what was under way; what comes next gets another thread. */
  #giveUp(cause: unknown): void {
    this.#thread = undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    const fault = new CourierError('LOCAL', `the thread that writes: ${why}`, { cause });
    for (const { reject } of this.#askers.values()) reject(fault);
    this.#askers.clear();
  }
}

/** All of the memory around a view would go to the thread with it. */
function toMemoryOfItsOwn(buffer: Buffer): Uint8Array {
  return buffer.length === buffer.buffer.byteLength ? buffer : Uint8Array.from(buffer);
}

function toError({ message, ...about }: CallFault): Error {
  return Object.assign(new Error(message), about);
}
