/** Runs steps side by side, each when what it rests on is over. */

import type { Clock } from '../clock.ts';
import { cleanText } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import type { Finding, Step, StepResult } from './step.ts';

export interface RunLimits {
  readonly clock: Clock;
  /** For all of them together. */
  readonly deadlineMs: number;
  /** Aborts when a signal ends the program. */
  readonly shutdown: AbortSignal;
}

/**
 * Runs every step of a table; one that breaks does not stop the others. They come back in the
 * order of the table.
 *
 * @throws CourierError only the reason of `shutdown`
 */
export async function runSteps<Scene, Learned extends object>(
  steps: readonly Step<Scene, Learned>[],
  scene: Scene,
  limits: RunLimits,
): Promise<{ readonly results: readonly StepResult[]; readonly learned: Partial<Learned> }> {
  const learned: Partial<Learned> = {};
  const running = new Map<string, Promise<StepResult>>();
  const endMs = limits.clock.monotonic() + limits.deadlineMs;
  for (const step of steps) {
    running.set(step.id, runStep(step, { scene, learned, running, limits, endMs }));
  }
  const results = await Promise.all(running.values());
  limits.shutdown.throwIfAborted();
  return { results, learned };
}

interface Round<Scene, Learned> {
  readonly scene: Scene;
  readonly learned: Partial<Learned>;
  /** Steps that stand further up in the table. */
  readonly running: ReadonlyMap<string, Promise<StepResult>>;
  readonly limits: RunLimits;
  readonly endMs: number;
}

async function runStep<Scene, Learned extends object>(
  step: Step<Scene, Learned>,
  round: Round<Scene, Learned>,
): Promise<StepResult> {
  const before = (ids: readonly string[]) => Promise.all(ids.map((id) => round.running.get(id)));
  const [needed] = await Promise.all([before(step.needs), before(step.after ?? [])]);
  const missing = needed.find((one) => one !== undefined && !isGood(one));
  const startMs = round.limits.clock.monotonic();
  if (missing !== undefined) return skip(step, missing);
  const finding = await look(step, round, startMs);
  Object.assign(round.learned, finding.learned);
  return toResult(step, finding, round.limits.clock.monotonic() - startMs);
}

function isGood({ status }: StepResult): boolean {
  return status === 'ok' || status === 'warning';
}

type Outcome<Learned> =
  | Finding<Learned>
  | (Omit<Finding<Learned>, 'status'> & { status: 'crashed' });

async function look<Scene, Learned>(
  step: Step<Scene, Learned>,
  { scene, learned, limits: { shutdown }, endMs }: Round<Scene, Learned>,
  startMs: number,
): Promise<Outcome<Learned>> {
  const leftMs = Math.max(1, endMs - startMs);
  const timeoutMs = Math.min(step.timeoutMs ?? leftMs, leftMs);
  try {
    return await withTimeLimit({ timeoutMs, tooSlow: outOfTime }, shutdown, (signal) =>
      untilAborted(step.run(scene, learned, signal), signal),
    );
  } catch (error) {
    const fault = asCourierError(error, 'looking');
    if (fault.code !== 'INTERNAL') return { status: 'unknown', text: cleanText(fault.message) };
    const said = cleanText(error instanceof Error ? error.message : String(error));
    return { status: 'crashed', text: 'the doctor broke here, this is a bug', rawError: said };
  }
}

// `withTimeLimit` adds the time.
const outOfTime = 'nobody could look';

function skip<Scene, Learned>(step: Step<Scene, Learned>, missing: StepResult): StepResult {
  const root = missing.status === 'skipped' ? missing.text.replace(/^needs /, '') : missing.id;
  return { ...toResult(step, { status: 'unknown', text: `needs ${root}` }, 0), status: 'skipped' };
}

function toResult<Scene, Learned>(
  { id, side, title, needs }: Step<Scene, Learned>,
  { status, source = 'probe', code, text, rawError, facts = {} }: Outcome<Learned>,
  durationMs: number,
): StepResult {
  return {
    id,
    side,
    title,
    status,
    source,
    code: code ?? null,
    text: cleanText(text),
    rawError: rawError === undefined ? null : cleanText(rawError),
    evidence: cleanFacts(facts),
    dependsOn: needs,
    durationMs: Math.round(durationMs),
  };
}

function cleanFacts(facts: StepResult['evidence']): StepResult['evidence'] {
  const cleaned = Object.entries(facts).map(([name, value]) => {
    if (typeof value === 'string') return [name, cleanText(value)];
    return [name, Array.isArray(value) ? value.map((text) => cleanText(String(text))) : value];
  });
  return Object.fromEntries(cleaned.filter(([, value]) => value !== undefined));
}
