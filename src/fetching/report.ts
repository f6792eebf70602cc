/** The report of a fetch on how its output came: a local check, a section, or both. */

import { count } from '../agent-output/check-report.ts';
import { noSurroundings, type Surroundings, surround } from '../agent-output/own-service.ts';
import type { Problem } from '../agent-output/problems.ts';
import {
  type CourierReport,
  type SealReport,
  toReportSection,
  type WithReport,
} from '../agent-output/report-section.ts';
import type { ServiceLine } from '../agent-output/service-line.ts';
import { describeLosses } from '../agent-output/validator.ts';
import type { CourierError } from '../faults/errors.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { formatDuration } from '../times/durations.ts';
import { describePassedOver } from '../transports/candidates.ts';
import { showFilled } from '../transports/source.ts';
import { version } from '../version.ts';
import type { Added } from './added.ts';
import type { FoundOutput, RoutePlan } from './plan.ts';
import { daysLeft, endsSoon, type Seal } from './sealed.ts';

/** Our own service. */
const service = 'Agent courier';

/** One report in two forms: for sites without our package, and for sites with it. */
export interface Report {
  readonly line: ServiceLine;
  readonly section: Omit<CourierReport, 'service'>;
}

/**
 * What goes out around the output. Where both are wanted, the section says that the local check
 * makes the service: a site with our package would have two of one name otherwise.
 *
 * @param parts the output, in the order in which it goes out
 */
export function surroundWith(
  describe: () => Report,
  parts: readonly Buffer[],
  { report, target }: RoutePlan,
): Surroundings {
  if (report === 'none') return noSurroundings;
  const { line, section } = describe();
  const [first = Buffer.alloc(0), ...added] = parts;
  const output = added.length === 0 ? first : Buffer.concat(parts);
  const local = report === 'section' ? noSurroundings : surround(output, target.host, line);
  if (report === 'local') return local;
  const who = report === 'both' ? 'local' : 'section';
  const ahead = toReportSection({ ...section, service: who });
  return { ...local, ahead: Buffer.concat([ahead, local.ahead]) };
}

/**
 * Warns when a source stands in for another one, and when some sites would drop a part.
 *
 * @param note further words on where the output is from
 */
export function reportFound(
  found: FoundOutput,
  added: readonly Added[],
  [plan, note]: readonly [plan: RoutePlan, note: string | undefined],
  nowMs: number,
): Report {
  const { step, origin, failed, producedAt, output, durationMs, attempts, losses } = found;
  const isFallback = plan.pick === 'first' && failed.length > 0;
  const ageMs = producedAt === undefined ? undefined : Math.max(0, nowMs - producedAt.getTime());
  const age = ageMs === undefined ? 'of unknown age' : `${formatDuration(ageMs)} old`;
  const before = failed.length > 0 ? `, failed: ${failed.join(', ')}` : '';
  const from = note === undefined ? `${step.name} ${origin}${before}` : `${origin}; ${note}`;
  return {
    line: {
      state:
        isFallback || losses.length > 0 || endsSoon(found.seal, nowMs) || isLess(added) ? 1 : 0,
      service,
      metrics: [
        ...(ageMs === undefined ? [] : [['age', ageMs / 1000] as const]),
        ['attempts', attempts],
        ['duration', durationMs / 1000],
        ['bytes', output.length],
      ],
      text: `output is ${age}, from ${from}${sayAll(found, nowMs)}${sayAdded(added)}`,
    },
    section: {
      ...commonOf({ plan, output, nowMs, losses, added }),
      ...{ transport: step.name, source: origin, producedAt, attempts, durationMs, failed, note },
      grace: undefined,
      seal: found.seal && toSealReport(found.seal, nowMs),
    },
  };
}

/** The report on old output that stands in because every source failed. */
export function reportGrace(
  { kept, output, losses, fault }: StandIn,
  added: readonly Added[],
  plan: RoutePlan,
  nowMs: number,
): Report {
  const [name = 'courier'] = fault.where ?? [];
  const { producedAt, origin } = kept;
  const ageMs = nowMs - producedAt.getTime();
  const why = `${name}: ${fault.message} (${fault.code})`;
  const text = `output is ${formatDuration(ageMs)} old, since every source failed; the last: ${why}`;
  return {
    line: {
      state: 1,
      service,
      metrics: [
        ['age', Math.max(0, ageMs) / 1000],
        ['bytes', kept.output.length],
      ],
      text: text + sayLosses(losses) + sayAdded(added),
    },
    section: {
      ...commonOf({ plan, output, nowMs, losses, added }),
      ...{ transport: undefined, source: origin, producedAt, attempts: undefined },
      ...{ durationMs: undefined, failed: [], note: undefined, seal: undefined },
      grace: { code: fault.code, text: `${name}: ${fault.message}`, limitMs: plan.graceMs },
    },
  };
}

function toSealReport(seal: Seal, nowMs: number): SealReport {
  const { label: key, produced: producedAt, stamp } = seal;
  const days = daysLeft(seal, nowMs);
  const common = { key, producedAt, sequence: Number(stamp) };
  return days === undefined ? common : { ...common, daysLeft: days };
}

function saySeal(seal: Seal | undefined, nowMs: number): string {
  if (seal === undefined) return '';
  const soon = endsSoon(seal, nowMs) ? `, which expires in ${daysLeft(seal, nowMs)} days` : '';
  return `, sealed with ${seal.label}${soon}`;
}

/** Output from the spool that stands in, and the part of it that goes out. */
export interface StandIn {
  readonly kept: SpooledOutput;
  readonly output: Buffer;
  readonly losses: readonly Problem[];
  /** Why it stands in. */
  readonly fault: CourierError;
}

interface Common {
  readonly plan: RoutePlan;
  readonly output: Buffer;
  readonly nowMs: number;
  readonly losses: readonly Problem[];
  readonly added: readonly Added[];
}

function commonOf({ plan: { steps, target, pick }, output, nowMs, losses, added }: Common) {
  return {
    courier: version,
    reportedAt: new Date(nowMs),
    bytes: output.length,
    pick,
    losses: losses.length === 0 ? undefined : describeLosses(losses),
    with: added.map(toWithReport),
    path: steps.map(({ name, source }) => ({
      transport: name,
      source: showFilled(source.uri, target),
    })),
  };
}

/** Further remarks on good output. */
function sayAll(found: FoundOutput, nowMs: number): string {
  return `${sayPassedOver(found)}${sayLosses(found.losses)}${saySeal(found.seal, nowMs)}`;
}

function sayPassedOver({ passedOver = [] }: FoundOutput): string {
  return passedOver.length === 0 ? '' : `, ${describePassedOver(passedOver)}`;
}

function sayLosses(losses: readonly Problem[]): string {
  return losses.length === 0 ? '' : `, ${describeLosses(losses)}`;
}

function toWithReport(added: Added): WithReport {
  const { transport, source, producedAt, durationMs, output, sections, left, losses } = added;
  const { fault } = added;
  return {
    ...{ transport, source, producedAt, durationMs, bytes: output.length, sections, left },
    losses: losses.length === 0 ? undefined : describeLosses(losses),
    fault: fault && { code: fault.code, text: fault.message },
  };
}

/** Whether a part of what sources beside the chain have is missing. */
function isLess(added: readonly Added[]): boolean {
  return added.some(
    ({ fault, left, losses }) => fault !== undefined || left.length > 0 || losses.length > 0,
  );
}

function sayAdded(added: readonly Added[]): string {
  return added.map((one) => `; ${describeAdded(one)}`).join('');
}

/** `with agent agent:vsphere: 12 sections`, `without exec exec:/x: no output (NO_OUTPUT)`. */
function describeAdded(added: Added): string {
  const { transport, source, sections, left, losses, fault } = added;
  const name = `${transport} ${source}`;
  if (fault !== undefined) return `without ${name}: ${fault.message} (${fault.code})`;
  const not = left.length === 0 ? '' : `, and not its ${left.join(', ')}, which is there already`;
  return `with ${name}: ${count(sections, 'section')}${not}${sayLosses(losses)}`;
}
