/**
 * The thread in which bodies are read and expressions evaluated: one task at a time. It is ended
 * when a task takes too long, whatever holds it.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { toList } from '../to-list.ts';
import { parseBody } from './bodies.ts';
import { Expressions, toData } from './expressions.ts';
import { TaskFailure } from './failing.ts';
import type {
  CollectTask,
  EvaluateTask,
  Outcome,
  ParseTask,
  Task,
  ThreadSettings,
} from './messages.ts';
import { makeRows } from './rows.ts';

class Evaluator {
  readonly #settings: ThreadSettings;
  readonly #expressions: Expressions;
  readonly #documents = new Map<number, unknown>();
  /** Values of steps and parameters, by name. */
  readonly #values = new Map<string, unknown>();

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
    this.#expressions = new Expressions(settings);
  }

  async run(task: Task): Promise<unknown> {
    switch (task.task) {
      case 'check':
        return task.expressions.map((text) => this.#expressions.check(text));
      case 'parse':
        return this.#parse(task);
      case 'set':
        this.#values.set(task.name, task.value);
        return undefined;
      case 'take':
        return this.#values.get(task.step);
      case 'collect':
        return this.#collect(task);
      case 'evaluate': {
        const variables = { ...this.#root(), ...task.variables };
        return toData(
          await this.#expressions.evaluate(task.expression, this.#findRoot(task), variables),
        );
      }
      case 'rows': {
        const root = this.#root();
        const variables = { ...root, ...task.variables };
        return makeRows({ ...task, variables }, root, this.#expressions);
      }
    }
  }

  #root(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#values);
  }

  #findRoot({ document, isOnAnswer, variables }: EvaluateTask): unknown {
    if (document === undefined) return this.#root();
    const body = this.#documents.get(document);
    return isOnAnswer === true ? { ...variables, body } : body;
  }

  #parse({ document, bodies, format }: ParseTask): undefined {
    const { deepest } = this.#settings;
    const parse = (bytes: Uint8Array) => parseBody(bytes, format, deepest);
    const parsed =
      bodies instanceof Uint8Array
        ? parse(bodies)
        : Object.fromEntries(Object.entries(bodies).map(([name, bytes]) => [name, parse(bytes)]));
    this.#documents.set(document, parsed);
  }

  /** @returns how many records the step has by now */
  async #collect(task: CollectTask): Promise<number> {
    const { step, document, records, as, mostRecords } = task;
    const body = this.#documents.get(document);
    const variables = { ...this.#root(), ...task.variables };
    const picked =
      records === undefined ? body : toList(await this.#expressions.pick(records, body, variables));
    this.#documents.delete(document);
    const isList = records !== undefined || as === 'one of many';
    const before = isList ? toList(this.#values.get(step)) : [];
    const added = records === undefined ? [picked] : toList(picked);
    if (before.length + added.length > mostRecords) {
      throw new TaskFailure('TOO_LARGE', `more than the allowed ${mostRecords} records`);
    }
    this.#values.set(step, isList ? [...before, ...added] : picked);
    return before.length + added.length;
  }
}

async function answer(evaluator: Evaluator, task: Task): Promise<Outcome> {
  try {
    return { value: await evaluator.run(task) };
  } catch (error) {
    if (error instanceof TaskFailure) return { failure: error.failure };
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof RangeError ? 'TOO_LARGE' : 'MALFORMED';
    return { failure: { code, message: message.slice(0, 200) } };
  }
}

const evaluator = new Evaluator(workerData);
parentPort?.on('message', async (task: Task) => {
  parentPort?.postMessage(await answer(evaluator, task));
});
