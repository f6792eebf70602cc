/**
 * Bodies and expressions, in a thread of their own that is ended when something takes too long: no
 * loop, recursion or regular expression holds the rest of a run. What the thread knew is told to the
 * next one again, without the task that ended it.
 */

import { setTimeout as startTimer } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { CourierError, cleanText, quote } from '../../faults/errors.ts';
import { letGo } from '../../system/let-go.ts';
import { onAbort } from '../../system/on-abort.ts';
import type { Limits } from './limits.ts';
import type {
  BodyFormat,
  Checked,
  CollectTask,
  EvaluateTask,
  Failure,
  MadeRow,
  Outcome,
  RowsTask,
  Task,
  ThreadSettings,
} from './thread/messages.ts';
import { threadProgram } from './thread-program.ts';

const mib = 1024 * 1024;

/** Of the limit a task has, what JSONata is told: its own words are better than a thread's end. */
const ownShare = 0.8;

/** Each costs its limit, so that a recipe cannot go on like this for ever. */
const mostRestarts = 3;

export class Evaluator {
  readonly #limits: Limits;
  readonly #settings: ThreadSettings;
  readonly #signal: AbortSignal;
  readonly #bodies: 'kept' | 'spent';
  /** What made the thread what it is. */
  readonly #past: Task[] = [];
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #restarts = 0;
  #documents = 0;

  /** @param bodies whether anybody else still needs those that are parsed; spent ones are let go */
  constructor(
    limits: Limits,
    nowMs: number,
    signal: AbortSignal,
    bodies: 'kept' | 'spent' = 'kept',
  ) {
    this.#bodies = bodies;
    this.#limits = limits;
    this.#signal = signal;
    this.#settings = {
      nowMs,
      expressionMs: limits.expression * ownShare,
      longestText: limits.text,
      mostValues: limits.records,
      deepest: limits.depth,
    };
  }

  async check(expressions: readonly string[]): Promise<readonly Checked[]> {
    const value = await this.#ask({ task: 'check', expressions });
    return Array.isArray(value) ? value : [];
  }

  /** @returns the number of the document */
  async parse(
    body: Buffer | Readonly<Record<string, Buffer>>,
    format: BodyFormat,
  ): Promise<number> {
    this.#documents += 1;
    const document = this.#documents;
    const bodies = Buffer.isBuffer(body)
      ? share(body)
      : Object.fromEntries(Object.entries(body).map(([name, bytes]) => [name, share(bytes)]));
    if (this.#bodies === 'spent')
      Object.values(Buffer.isBuffer(body) ? [body] : body).forEach(letGo);
    await this.#change({ task: 'parse', document, bodies, format });
    return document;
  }

  evaluate(task: Omit<EvaluateTask, 'task'>): Promise<unknown> {
    return this.#ask({ task: 'evaluate', ...task });
  }

  async collect(task: Omit<CollectTask, 'task' | 'mostRecords'>): Promise<void> {
    await this.#change({ task: 'collect', mostRecords: this.#limits.records, ...task });
  }

  async set(name: string, value: unknown): Promise<void> {
    await this.#change({ task: 'set', name, value });
  }

  take(step: string): Promise<unknown> {
    return this.#ask({ task: 'take', step });
  }

  async rows(task: Omit<RowsTask, 'task' | 'mostRows'>): Promise<readonly MadeRow[]> {
    const value = await this.#ask({ task: 'rows', mostRows: this.#limits.rows, ...task });
    return Array.isArray(value) ? value : [];
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #change(task: Task): Promise<void> {
    await this.#ask(task);
    this.#past.push(task);
  }

  /** One after the other: the limit counts from when the thread begins with a task. */
  #ask(task: Task): Promise<unknown> {
    const asking = this.#last.then(() => this.#askNow(task));
    this.#last = asking.catch(() => undefined);
    return asking;
  }

  async #askNow(task: Task): Promise<unknown> {
    this.#signal.throwIfAborted();
    const thread = this.#thread ?? (await this.#start());
    const outcome = await this.#exchange(thread, task);
    if ('failure' in outcome) throw toFault(outcome.failure);
    return outcome.value;
  }

  async #start(): Promise<Worker> {
    if (this.#restarts > mostRestarts) {
      throw new CourierError('TIMEOUT', 'expressions took too long too often');
    }
    this.#restarts += 1;
    const thread = new Worker(threadProgram.program, {
      eval: threadProgram.isText,
      workerData: this.#settings,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(this.#limits.memory / mib) },
    });
    this.#thread = thread;
    for (const task of this.#past) await this.#exchange(thread, task);
    return thread;
  }

  /** Ends the thread when there is no answer in time, or none at all. */
  async #exchange(thread: Worker, task: Task): Promise<Outcome> {
    const { expression: limitMs, memory } = this.#limits;
    const settled = Promise.withResolvers<Exchange>();
    const lose = (code: Failure['code'], message: string) => {
      settled.resolve({ isLost: true, outcome: { failure: { code, message } } });
    };
    const onMessage = (outcome: Outcome) => settled.resolve({ isLost: false, outcome });
    const onError = (error: Error) => lose('TOO_LARGE', describeEnd(error, memory));
    const timer = startTimer(
      () => lose('TIMEOUT', `it takes longer than ${limitMs / 1000}s`),
      limitMs,
    );
    const leave = onAbort(this.#signal, () => lose('TIMEOUT', 'the run ended'));
    thread.on('message', onMessage).on('error', onError);
    thread.postMessage(task);
    const { isLost, outcome } = await settled.promise;
    clearTimeout(timer);
    leave();
    thread.off('message', onMessage);
    if (isLost) await this.close();
    thread.off('error', onError);
    this.#signal.throwIfAborted();
    return isLost ? withExpression(outcome, task) : outcome;
  }
}

interface Exchange {
  /** Whether the thread is of no more use. */
  readonly isLost: boolean;
  readonly outcome: Outcome;
}

function describeEnd(error: Error, memoryBytes: number): string {
  const code: unknown = Reflect.get(error, 'code');
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? `it takes more than ${Math.ceil(memoryBytes / mib)} MiB of memory`
    : `its thread ended: ${error.message}`;
}

/** The thread could not say which of several expressions it was at. */
function withExpression(outcome: Outcome, task: Task): Outcome {
  if (!('failure' in outcome)) return outcome;
  const expression = expressionOf(task);
  return { failure: { ...outcome.failure, ...(expression === undefined ? {} : { expression }) } };
}

function expressionOf(task: Task): string | undefined {
  if (task.task === 'evaluate') return task.expression;
  if (task.task === 'collect') return task.records;
  if (task.task !== 'rows') return undefined;
  const { row } = task;
  if (row.kind === 'json' || row.kind === 'text') return `${task.each}: ${row.of}`;
  return task.each;
}

function toFault({ code, message, expression }: Failure): CourierError {
  const where = expression === undefined ? '' : `expression ${quote(expression)}: `;
  return new CourierError(code, `${where}${cleanText(message, 200)}`);
}

/** The thread reads the bytes where they are, and so does the next one. */
function share(bytes: Buffer): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
