/** The doctor, as a program of its own: what it meets must not touch fetching. One at a time. */

import type { Environment } from '../cli/environment.ts';
import type { Clock } from '../clock.ts';
import { redactSecrets } from '../faults/redaction.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import type { OwnProgram } from '../special-agents/own-program.ts';
import { runProgram } from '../system/program/run-program.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import type { DoctorRun } from './model.ts';

/** How long it may take: its own deadline, and starting it on a busy machine. */
const longestMs = 40_000;
const mostReportBytes = 256 * 1024;
/** Reports that are remembered. */
const mostRuns = 50;

export class DoctorRuns {
  readonly #own: () => Promise<OwnProgram>;
  readonly #options: readonly string[];
  readonly #env: Environment;
  readonly #clock: Clock;
  readonly #ended: AbortSignal;
  readonly #runs = new Map<string, DoctorRun>();
  #isRunning = false;

  /** @param options of the command, such as where the routes are */
  constructor(
    own: () => Promise<OwnProgram>,
    { env, options }: { readonly env: Environment; readonly options: readonly string[] },
    clock: Clock,
    ended: AbortSignal,
  ) {
    this.#own = own;
    this.#env = env;
    this.#options = options;
    this.#clock = clock;
    this.#ended = ended;
  }

  readonly find = (host: string): DoctorRun | undefined => this.#runs.get(host);

  /** @returns false while it is busy with this or another host */
  start(host: HostName, by: string): boolean {
    if (this.#isRunning) return false;
    this.#isRunning = true;
    const startedAt = new Date(this.#clock.now());
    const begun = { startedAtMs: startedAt.getTime(), by };
    this.#keep(host, { state: 'running', ...begun, report: '' });
    void this.#run(host).then((outcome) => {
      this.#isRunning = false;
      const ended = new Date(this.#clock.now());
      this.#keep(host, { ...outcome, ...begun, endedAtMs: ended.getTime() });
    });
    return true;
  }

  /** Never rejects. */
  async #run(host: HostName): Promise<Pick<DoctorRun, 'state' | 'report'>> {
    const limit = { clock: this.#clock, timeoutMs: longestMs, tooSlow: 'no report of the doctor' };
    try {
      const { program, args } = await this.#own();
      const call = {
        program,
        // A host may be called `site` or `ports`.
        args: [...args, 'doctor', 'host', host, '--deadline=20s', '--facts', ...this.#options],
        env: this.#env,
        maxOutputBytes: mostReportBytes,
      };
      const end = await withTimeLimit(limit, this.#ended, (signal) => runProgram(call, signal));
      const said = end.stdout.length > 0 ? end.stdout.toString() : end.stderr.toString();
      return { state: end.stdout.length > 0 ? 'done' : 'failed', report: toShown(said) };
    } catch (thrown) {
      return { state: 'failed', report: asCourierError(thrown, 'running the doctor').message };
    }
  }

  #keep(host: HostName, run: DoctorRun): void {
    this.#runs.delete(host);
    this.#runs.set(host, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > mostRuns && oldest !== undefined) this.#runs.delete(oldest);
  }
}

/** Lines and what stands in front of them stay; nothing else that a terminal would obey does. */
function toShown(text: string): string {
  const lines = redactSecrets(text.toWellFormed()).trimEnd().split('\n');
  return lines.map((line) => line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, ' ')).join('\n');
}
