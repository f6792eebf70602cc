/**
 * A report of `courier-doctor --json`: input from a machine that may have been taken over. Facts and
 * codes that are known here are taken from it, and quoted text, cleaned and cut; sentences and
 * commands always come from our own tables.
 */

import { z } from 'zod';
import { CourierError, cleanText, quote } from '../../faults/errors.ts';
import { type HostCause, isHostCause } from './host-causes.ts';
import { type HostStepId, hostFacts } from './host-facts.ts';

/** Longer ones are refused. */
export const largestReportBytes = 256 * 1024;

const fromText = (longest: number) =>
  z
    .string()
    .max(4000)
    .transform((said) => cleanText(said, longest));

const status = z.enum(['ok', 'warning', 'fault', 'skipped', 'unknown', 'crashed']);

/** A newer script may know a cause that we do not: that something is wrong is still said. */
const code = z
  .string()
  .max(64)
  .transform((said): HostCause => (isHostCause(said) ? said : 'unexplained'));

function stepOf<Id extends HostStepId>(id: Id) {
  return z.object({
    id: z.literal(id),
    status,
    code: code.nullable(),
    raw_error: fromText(300).nullable(),
    evidence: hostFacts[id].partial(),
    duration_ms: z.int().min(0).nullable(),
  });
}

const knownStep = z.discriminatedUnion('id', [
  stepOf('agent'),
  stepOf('dump'),
  stepOf('starter'),
  stepOf('listener'),
  stepOf('controller'),
  stepOf('legacy'),
  stepOf('receiver'),
  stepOf('clock'),
  stepOf('system'),
  stepOf('firewall'),
]);

/** A step of a newer script is passed over. */
const anyStep = z.looseObject({ id: z.string() }).transform((step, context) => {
  if (!Object.hasOwn(hostFacts, step.id)) return undefined;
  const parsed = knownStep.safeParse(step);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [step.id, ...(issue?.path ?? [])].join('.');
  context.addIssue({ code: 'custom', message: `${field}: ${issue?.message ?? 'is wrong'}` });
  return z.NEVER;
});

const reportSchema = z.object({
  schema: z.literal(1),
  program: z.string().regex(/^courier-doctor [0-9][0-9A-Za-z.+-]{0,30}$/),
  host: z.string().max(255),
  run: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .nullable(),
  started: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    .nullable(),
  duration_ms: z.int().min(0).nullable(),
  steps: z
    .array(anyStep)
    .max(64)
    .transform((steps) => steps.filter((step) => step !== undefined)),
});

/** What is kept of a report; read from a file it is checked once more. */
export const hostReport = reportSchema;
export type HostReport = z.infer<typeof reportSchema>;
export type HostStep = HostReport['steps'][number];

/**
 * Reads a report of a host.
 *
 * @param host whose report it has to be
 * @throws CourierError TOO_LARGE; MALFORMED when it is none, or of another host
 */
export function parseHostReport(bytes: Buffer, host: string): HostReport {
  if (bytes.length > largestReportBytes) {
    throw new CourierError('TOO_LARGE', `the report has more than ${largestReportBytes} bytes`);
  }
  const parsed = reportSchema.safeParse(parseJson(bytes));
  if (!parsed.success) throw refuse(parsed.error.issues[0]);
  const { data } = parsed;
  if (data.host !== host) {
    throw new CourierError('MALFORMED', `the report is of ${quote(data.host)}, not of ${host}`);
  }
  if (new Set(data.steps.map(({ id }) => id)).size < data.steps.length) {
    throw new CourierError('MALFORMED', 'the report tells a step twice');
  }
  return data;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const what = 'the report is not JSON; it is what courier-doctor --json prints';
    throw new CourierError('MALFORMED', what, { cause: error });
  }
}

function refuse(issue: z.core.$ZodIssue | undefined): CourierError {
  const field = issue?.path.join('.') || 'it';
  const what = `this is no report of courier-doctor: ${field}: ${issue?.message ?? 'is wrong'}`;
  return new CourierError('MALFORMED', cleanText(what));
}
