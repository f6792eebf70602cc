/**
 * Group commit, in a thread of its own: what comes while one group is made safe makes up the next,
 * so that its files share the commits of the file system's journal. The calls that only change
 * memory are made one after the other, which takes a fraction of what it takes to hand each of them
 * to another thread.
 *
 * The thread is started from the text of this class, which can refer to nothing outside itself.
 */

import type { Arrival } from './commits.ts';

export interface Job {
  readonly id: number;
  /** Descriptor of the directory whose names are made safe. */
  readonly directory: number;
  /** What is written there before. */
  readonly file: Omit<Arrival, 'directory'> & { readonly parts: readonly Uint8Array[] };
}

/** What is left of an error on its way between threads. */
export interface CallFault {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
}

export interface Ended {
  readonly id: number;
  readonly fault?: CallFault | undefined;
  /** What kept a superseded file from being removed. */
  readonly leftover?: CallFault | undefined;
}

/** How jobs ended, and how long each fsync took. */
export interface Report {
  readonly ended: readonly Ended[];
  readonly fsyncsMs: readonly number[];
}

/** A job under way. */
interface Step {
  readonly job: Job;
  descriptor?: number;
  /** The path of what there is of the file; it is removed when the job fails. */
  path?: string;
  fault?: CallFault;
  leftover?: CallFault;
}

type Calls = Pick<
  typeof import('node:fs'),
  | 'closeSync'
  | 'fdatasync'
  | 'fsync'
  | 'openSync'
  | 'renameSync'
  | 'unlinkSync'
  | 'writeSync'
  | 'writevSync'
>;

export class CommitThread {
  readonly #calls: Calls;
  readonly #monotonic: () => number;
  readonly #report: (report: Report) => void;
  readonly #waiting: Job[] = [];
  #groups = 0;
  #fsyncsMs: number[] = [];

  /**
   * @param calls node:fs
   * @param report hears of each group that has ended
   */
  constructor(calls: Calls, monotonic: () => number, report: (report: Report) => void) {
    this.#calls = calls;
    this.#monotonic = monotonic;
    this.#report = report;
  }

  take(jobs: readonly Job[]): void {
    this.#waiting.push(...jobs);
    this.#begin();
  }

  /** One group is written while another is made safe. */
  #begin(): void {
    while (this.#groups < 2 && this.#waiting.length > 0) {
      this.#groups += 1;
      void this.#commit(this.#waiting.splice(0)).then(() => {
        this.#groups -= 1;
        this.#begin();
      });
    }
  }

  /** Never rejects. */
  async #commit(jobs: readonly Job[]): Promise<void> {
    const steps = jobs.map((job): Step => ({ job }));
    for (const step of steps) this.#attempt(step, () => this.#write(step));
    await Promise.all(steps.map((step) => this.#syncFile(step)));
    for (const step of steps) this.#attempt(step, () => this.#rename(step));
    const directories = Map.groupBy(steps, ({ job }) => job.directory);
    await Promise.all([...directories].map((entry) => this.#syncDirectory(...entry)));
    for (const step of steps) this.#tidy(step);
    const ended = steps.map(({ job: { id }, fault, leftover }) => ({ id, fault, leftover }));
    this.#report({ ended, fsyncsMs: this.#fsyncsMs.splice(0) });
  }

  #write(step: Step): void {
    const { file } = step.job;
    step.descriptor = this.#calls.openSync(file.temporary, 'wx', 0o600);
    step.path = file.temporary;
    let written = this.#calls.writevSync(step.descriptor, [...file.parts]);
    const bytes = file.parts.reduce((sum, { length }) => sum + length, 0);
    if (written === bytes) return;
    const whole = Buffer.concat(file.parts);
    while (written < bytes) written += this.#calls.writeSync(step.descriptor, whole, written);
  }

  async #syncFile(step: Step): Promise<void> {
    const { descriptor } = step;
    if (descriptor === undefined) return;
    if (step.fault === undefined) await this.#sync('fdatasync', descriptor, [step]);
    this.#attempt(step, () => this.#calls.closeSync(descriptor));
  }

  #rename(step: Step): void {
    const { file } = step.job;
    if (step.fault !== undefined) return;
    this.#calls.renameSync(file.temporary, file.path);
    step.path = file.path;
  }

  async #syncDirectory(directory: number, steps: readonly Step[]): Promise<void> {
    const good = steps.filter(({ fault }) => fault === undefined);
    if (good.length > 0) await this.#sync('fsync', directory, good);
  }

  #sync(call: 'fdatasync' | 'fsync', descriptor: number, steps: readonly Step[]): Promise<void> {
    const startedMs = this.#monotonic();
    return new Promise((resolve) => {
      this.#calls[call](descriptor, (error) => {
        if (error) for (const step of steps) step.fault ??= this.#toFault(error);
        else this.#fsyncsMs.push(this.#monotonic() - startedMs);
        resolve();
      });
    });
  }

  /** Removes what is left of a file that failed, or what a good one takes the place of. */
  #tidy(step: Step): void {
    const { job, path, fault } = step;
    const failed = path === undefined ? [] : [path];
    for (const gone of fault === undefined ? (job.file?.superseded ?? []) : failed) {
      try {
        this.#calls.unlinkSync(gone);
      } catch (error) {
        const leftover = this.#toFault(error);
        if (leftover.code !== 'ENOENT') step.leftover = leftover;
      }
    }
  }

  /** The first thing that goes wrong is what counts. */
  #attempt(step: Step, work: () => void): void {
    try {
      work();
    } catch (error) {
      step.fault ??= this.#toFault(error);
    }
  }

  #toFault(error: unknown): CallFault {
    const about: object = error instanceof Error ? error : {};
    const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
    return {
      code: textOf('code' in about && about.code),
      syscall: textOf('syscall' in about && about.syscall),
      message: error instanceof Error ? error.message : String(error),
    };
  }
}
