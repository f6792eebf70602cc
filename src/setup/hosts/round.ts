/** One look at who pushes, and what comes of it. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { RestApi, RestContext } from '../rest/rest-api.ts';
import {
  type Adoption,
  adoptHost,
  type Candidate,
  findMissing,
  NotMade,
  requireFolder,
} from './adopting.ts';
import { discoverServices } from './discovering.ts';
import type { HourlyCap } from './hourly-cap.ts';

interface Task {
  readonly api: RestApi;
  readonly cap: HourlyCap;
  readonly how: Adoption;
  readonly discover: boolean;
  readonly activate: boolean;
  /** Whether there is round after round. */
  readonly stays: boolean;
  findCandidates(): Promise<readonly Candidate[]>;
}

export interface RoundResult {
  /** For people. */
  readonly lines: readonly string[];
  /** What could not be done, and is to be tried again. */
  readonly failure: CourierError | undefined;
}

export class Round {
  readonly #task: Task;
  readonly #context: RestContext;
  /** Hosts that are in Setup, or that it does not take: they are not asked for again. */
  readonly #known = new Set<string>();
  /** Whether a host may wait to be activated. */
  #isWaiting: boolean;

  constructor(task: Task, context: RestContext) {
    this.#task = task;
    this.#context = context;
    // One that stays takes up what it left when it ended before.
    this.#isWaiting = task.stays && task.activate;
  }

  /**
   * Makes the hosts that are missing, as many as the cap leaves.
   *
   * @throws CourierError about the receiver's files; what the site refuses before any host is made
   */
  async round(): Promise<RoundResult> {
    const { api, how, findCandidates } = this.#task;
    const candidates = (await findCandidates()).filter(({ host }) => !this.#known.has(host));
    const missing = await findMissing(api, candidates);
    const wanted = new Set(missing.map(({ host }) => host));
    for (const { host } of candidates) if (!wanted.has(host)) this.#known.add(host);
    if (missing.length > 0) await requireFolder(api, how.folder);
    const { lines, failure } = await this.#adoptAll(missing);
    if (how.isDry || !this.#isWaiting) return { lines, failure };
    if (!this.#task.activate) {
      this.#isWaiting = false;
      return {
        lines: [...lines, 'not active yet: --activate does it, or Checkmk itself'],
        failure,
      };
    }
    return this.#activate(lines, failure);
  }

  async #adoptAll(missing: readonly Candidate[]): Promise<RoundResult> {
    const { cap, how } = this.#task;
    const lines: string[] = [];
    const failures: CourierError[] = [];
    for (const [index, candidate] of missing.entries()) {
      this.#context.shutdown.throwIfAborted();
      const now = this.#context.clock.now();
      if (!how.isDry && !(await cap.take(now))) {
        failures.push(tooMany(missing.length - index));
        break;
      }
      try {
        lines.push(...(await this.#adopt(candidate)));
      } catch (error) {
        failures.push(asCourierError(error, `making ${candidate.host}`));
        if (error instanceof NotMade) await cap.giveBack(now);
        // What is wrong with one host keeps no other from being made.
        if (!(error instanceof NotMade && error.isFinal)) break;
      }
      this.#known.add(candidate.host);
    }
    return { lines, failure: failures[0] };
  }

  async #adopt(candidate: Candidate): Promise<readonly string[]> {
    const { api, how, discover } = this.#task;
    const line = await adoptHost(api, candidate, how);
    if (line === undefined) return [];
    this.#isWaiting = true;
    const isLeft = how.isDry || !discover;
    return [`${line}${isLeft ? '' : await discoverServices(api, candidate.host, this.#context)}`];
  }

  async #activate(
    lines: readonly string[],
    failure: CourierError | undefined,
  ): Promise<RoundResult> {
    const { activateOwn, nothingToActivate } = await import('../rules/activating.ts');
    try {
      const done = await activateOwn(this.#task.api, this.#context);
      this.#isWaiting = false;
      const told = lines.length === 0 ? done.filter((line) => line !== nothingToActivate) : done;
      return { lines: [...lines, ...told], failure };
    } catch (error) {
      return { lines, failure: failure ?? asCourierError(error, 'activating') };
    }
  }
}

function tooMany(later: number): CourierError {
  const why = `${later} more wait: so many hosts may be made within an hour (--per-hour)`;
  return new CourierError('REFUSED', why);
}
