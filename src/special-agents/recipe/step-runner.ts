/** Runs steps: once, once for each of something, page by page; keeps what later ones need. */

import { CourierError, prefixError } from '../../faults/errors.ts';
import { registerSecret } from '../../faults/redaction.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { startTimeLimit } from '../../system/time-limit.ts';
import type { AgentContext } from '../special-agent.ts';
import { askInDialogue, askOver } from './asking.ts';
import { toFormat } from './body-format.ts';
import type { Evaluator } from './evaluator.ts';
import type { HttpKind, WebRequest } from './http-kind.ts';
import { type Pager, toPager } from './pages.ts';
import type { Values } from './parameters.ts';
import type { Recipe } from './recipe.ts';
import { isRefusal } from './refusals.ts';
import type { HttpStep, LastStep } from './schema.ts';
import { isTrue } from './sections.ts';
import { traceValue } from './shown.ts';
import type { Reply, StepCall } from './step.ts';
import { fill, fillAll, type LookUp, namesInAll } from './templates.ts';
import { textsOf } from './texts.ts';
import { toList } from './to-list.ts';

const defaultParallel = 4;

export interface RunnerParts {
  readonly recipe: Recipe;
  readonly values: Values;
  readonly evaluator: Evaluator;
  /** Undefined when no step asks over HTTP. */
  readonly http: HttpKind | undefined;
  readonly context: AgentContext;
}

/** Adds an answer to the value of its step. */
type Collect = () => Promise<void>;

/** One answer, and what it was asked for. */
interface Round {
  readonly item: unknown;
  readonly isLoop: boolean;
}

export class StepRunner {
  readonly #parts: RunnerParts;
  /** Names that peers answered: kept, and not secret. */
  readonly #kept = new Map<string, unknown>();
  readonly #secrets: Map<string, string>;
  #requests = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#secrets = new Map(parts.values.secrets);
  }

  /**
   * @returns false when its condition does not hold
   * @throws CourierError when it fails; of a loop, when every round does
   */
  async run(step: HttpStep): Promise<boolean> {
    const { evaluator } = this.#parts;
    if (
      step.when !== undefined &&
      !isTrue(await evaluator.evaluate({ expression: step.when, variables: {} }))
    ) {
      return false;
    }
    if (step.for === undefined) {
      await this.#collect([await this.#round(step, { item: undefined, isLoop: false })]);
      await this.#traceValue(step.name);
      return true;
    }
    const items = toList(await evaluator.evaluate({ expression: step.for, variables: {} }));
    const { loop } = this.#parts.recipe.limits;
    if (items.length > loop) {
      throw new CourierError(
        'TOO_LARGE',
        `for finds ${items.length}, allowed are ${loop} (limit loop)`,
      );
    }
    await evaluator.set(step.name, []);
    await this.#loop(step, items);
    await this.#traceValue(step.name);
    return true;
  }

  /** What a step's name stands for from now on. */
  async #traceValue(name: string): Promise<void> {
    const { context, evaluator } = this.#parts;
    if (context.trace !== undefined) context.trace(traceValue(name, await evaluator.take(name)));
  }

  /** What ends a session; a step whose names have no values has nothing to end. */
  async finish(steps: readonly LastStep[]): Promise<void> {
    for (const step of steps) {
      const isFilled = namesInAll(textsOf(step)).every(
        (name) => this.#lookUp(undefined)(name) !== undefined,
      );
      if (!isFilled || this.#parts.context.signal.aborted) continue;
      try {
        await this.#limited(step, async (signal) => {
          const call = this.#toCall(undefined, signal);
          const request = this.#http.toRequest(step, call);
          await askOver(this.#http, step.name ?? 'finally', [request, call], this.#parts.context);
        });
      } catch (error) {
        const { code, message } = asCourierError(error, 'ending');
        this.#parts.context.log.warn({ code }, `finally: ${message}`);
      }
    }
  }

  async #loop(step: HttpStep, items: readonly unknown[]): Promise<void> {
    const left = [...items.entries()];
    const faults: CourierError[] = [];
    const rounds: Collect[][] = items.map(() => []);
    const work = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [index, item] = next;
        try {
          rounds[index] = await this.#round(step, { item, isLoop: true });
        } catch (error) {
          this.#parts.context.signal.throwIfAborted();
          if (isRefusal(error)) throw error;
          faults.push(asCourierError(error, 'asking'));
        }
      }
    };
    const workers = Math.min(step.parallel ?? defaultParallel, items.length);
    await Promise.all(Array.from({ length: workers }, work));
    await this.#collect(rounds);
    const [first] = faults;
    if (first === undefined) return;
    if (faults.length === items.length) throw first;
    const what = `${faults.length} of ${items.length} failed, the first: ${first.message}`;
    if (step.optional === true) this.#parts.context.log.info({ step: step.name }, what);
    else
      this.#parts.context.fault({
        kind: 'step',
        name: step.name,
        error: new CourierError(first.code, what),
      });
  }

  /** In the order of what was asked, not of the answers. */
  async #collect(rounds: readonly (readonly Collect[])[]): Promise<void> {
    for (const collect of rounds.flat()) await collect();
  }

  /**
   * One question with all its pages.
   *
   * @returns what adds them to the value of the step: half a list would pass for a whole one
   */
  #round(step: HttpStep, round: Round): Promise<Collect[]> {
    return this.#limited(step, async (signal) => {
      const call = this.#toCall(round.item, signal);
      if (step.dialogue !== undefined) {
        this.#count();
        const reply = await askInDialogue(step, call, this.#parts.context);
        return [(await this.#read(step, round, reply)).collect];
      }
      const pager = toPager(step, this.#parts.recipe.limits.pages);
      const http = this.#http;
      const collects: Collect[] = [];
      let request: WebRequest | undefined = pager.first(http.toRequest(step, call));
      while (request !== undefined) {
        this.#count();
        const reply = await askOver(http, step.name, [request, call], this.#parts.context);
        const taken = await this.#take(step, round, reply, { request, pager, call });
        collects.push(taken.collect);
        request = taken.next;
      }
      return collects;
    });
  }

  /** @returns the request for the next page, and what adds this one to the value of the step */
  async #take(
    step: HttpStep,
    round: Round,
    reply: Reply,
    { request, pager, call }: { request: WebRequest; pager: Pager; call: StepCall },
  ): Promise<{ readonly next: WebRequest | undefined; readonly collect: Collect }> {
    const { collect, ask } = await this.#read(step, round, reply);
    const next = await pager.next(reply, ask, request, (link) =>
      this.#http.follow(request, link, step, call),
    );
    return { next, collect };
  }

  /** Reads an answer and keeps what later steps need of it. */
  async #read(step: HttpStep, round: Round, reply: Reply) {
    const { evaluator } = this.#parts;
    const document = await evaluator
      .parse(reply.body, toFormat(step, reply))
      .catch((error: unknown) => {
        throw error instanceof CourierError ? prefixError(error, reply.place) : error;
      });
    const variables = {
      ...(round.isLoop ? { item: round.item } : {}),
      status: reply.status ?? null,
      headers: reply.headers ?? {},
    };
    await this.#keep(step, document, reply, variables);
    const ask = (expression: string) => evaluator.evaluate({ expression, document, variables });
    const records = step.records ?? step.pages?.records;
    const collect = () =>
      evaluator.collect({
        step: step.name,
        document,
        ...(records === undefined ? {} : { records }),
        as: round.isLoop || step.pages !== undefined ? 'one of many' : 'only',
        variables,
      });
    return { collect, ask };
  }

  /** Keeps look at `{ status, headers, body }`. */
  async #keep(step: HttpStep, document: number, reply: Reply, variables: object): Promise<void> {
    for (const [name, spec] of Object.entries(step.keep ?? {})) {
      const { from, secret = false } = typeof spec === 'string' ? { from: spec } : spec;
      const { evaluator } = this.#parts;
      const value = await evaluator.evaluate({
        expression: from,
        document,
        isOnAnswer: true,
        variables: { ...variables },
      });
      if (value === undefined || value === null) {
        throw new CourierError('MALFORMED', `${reply.place}: the answer has no ${name} (${from})`);
      }
      if (secret) {
        const text = String(value);
        registerSecret(text);
        this.#secrets.set(name, text);
      } else {
        this.#kept.set(name, value);
        await evaluator.set(name, value);
      }
    }
  }

  get #http(): HttpKind {
    if (this.#parts.http !== undefined) return this.#parts.http;
    throw new CourierError('INTERNAL', 'no step asks over HTTP');
  }

  #count(): void {
    this.#requests += 1;
    const { requests } = this.#parts.recipe.limits;
    if (this.#requests > requests) {
      const what = `more than the allowed ${requests} requests (limit requests)`;
      throw new CourierError('TOO_LARGE', what);
    }
    this.#parts.context.countRequest();
  }

  async #limited<Result>(
    step: HttpStep | LastStep,
    use: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { context } = this.#parts;
    if (step.timeout === undefined) return use(context.signal);
    const limit = startTimeLimit(
      { clock: context.clock, timeoutMs: step.timeout, tooSlow: 'no answer' },
      context.signal,
    );
    try {
      return await use(limit.signal);
    } finally {
      limit.stop();
    }
  }

  #lookUp(item: unknown): LookUp {
    const { values } = this.#parts;
    return (name) => {
      if (name === 'item') return item;
      return this.#secrets.get(name) ?? this.#kept.get(name) ?? values.open.get(name);
    };
  }

  #toCall(item: unknown, signal: AbortSignal): StepCall {
    const { values, recipe, context } = this.#parts;
    const lookUp = this.#lookUp(item);
    return {
      fill: (text, place) => fill(text, place, lookUp),
      fillAll: (value) => fillAll(value, lookUp),
      isOwn: (name) => values.open.has(name),
      signal,
      maxBodyBytes: recipe.limits.body,
      log: context.log,
      clock: context.clock,
      env: context.env,
      trace: (line) => context.trace?.(line),
    };
  }
}
