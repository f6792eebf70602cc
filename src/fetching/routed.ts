/** One fetch as the routes file says: what `cmk-courier fetch` does without a SOURCE. */

import type { CommandContext } from '../cli/command.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { noteAsked } from '../ready/asked.ts';
import { findReadyDirectory, placesBeside } from '../ready/places.ts';
import { defaultRoutesPath, loadRoutes } from '../routes/load.ts';
import { findRoute } from '../routes/match.ts';
import type { Route } from '../routes/route.ts';
import { describeOlder, Present } from '../spool/newest.ts';
import { fetchOrigin } from '../spool/origins.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import type { Target } from '../transports/source.ts';
import { partsOf } from './outgoing.ts';
import { type FoundOutput, type RoutePlan, warnOfLosses } from './plan.ts';
import { comesFromSpool, planFor, prepareRoute } from './route-plan.ts';
import { type ReadKept, sendByRoute } from './sending.ts';

export interface RoutedFetch {
  readonly target: Target;
  /** Undefined: where it is by default. */
  readonly routes: string | undefined;
  /** As Checkmk hands them on: separated by blanks, perhaps all in one text. */
  readonly tags: readonly string[];
  readonly spool: string | undefined;
}

/**
 * Finds the host's route, asks its sources, and prints what goes out.
 *
 * @throws CourierError
 */
export async function fetchRouted(asked: RoutedFetch, context: CommandContext): Promise<void> {
  const { target } = asked;
  const tags = splitTags(asked.tags);
  const { route, path } = await requireRoute(asked, tags, context);
  if (route.settings.everyMs !== undefined) tellCollector(target, tags, context);
  const plan = planFor(await prepareRoute(route, path, context), target);
  await fetchPlanned(plan, asked.spool, context);
}

/**
 * Asks the sources of a plan that has more than a chain to it, and prints what goes out.
 *
 * @param given where the last good output is kept; undefined: where it is by default
 * @throws CourierError
 */
export async function fetchPlanned(
  plan: RoutePlan,
  given: string | undefined,
  context: CommandContext,
): Promise<void> {
  const spool = await findSpool(given, plan, context);
  const isKept = plan.graceMs > 0 && !comesFromSpool(plan);
  await sendByRoute(plan, context, toKeptReader(spool, plan, context), async (served) => {
    const { found } = served;
    if (found !== undefined) warnOfLosses(found, plan.target, context.log);
    const parts = partsOf(served);
    await context.writeOutput(parts.length === 1 ? served.output : Buffer.concat(parts));
    if (isKept && found !== undefined) await keep(found, plan, spool, context);
  });
}

/**
 * Only a route with grace needs a spool. The code for spools loads node:zlib, for checksums, so it
 * is loaded only when a route needs it.
 */
export async function findSpool(
  given: string | undefined,
  { graceMs }: RoutePlan,
  { env }: CommandContext,
): Promise<string> {
  if (given !== undefined || graceMs === 0) return given ?? '';
  const { defaultSpoolDirectory } = await import('../spool/directories.ts');
  return defaultSpoolDirectory(env);
}

/** Reads what is kept for the host of a plan. */
export function toKeptReader(
  spool: string,
  { target, rules }: RoutePlan,
  { log, clock }: CommandContext,
): ReadKept {
  const { maxOutputBytes, age } = rules;
  const reading = { log, clock, maxOutputBytes, maxSkewMs: age.maxSkewMs };
  return async () => {
    const { readSpooled } = await import('../spool/reading.ts');
    return readSpooled(spool, target.host, reading);
  };
}

/** Blanks and commas separate tags. */
export function splitTags(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean);
}

/**
 * The route of a host.
 *
 * @throws CourierError CONFIG when no route fits; what loading the file throws
 */
export async function requireRoute(
  { target, routes: path }: Pick<RoutedFetch, 'target' | 'routes'>,
  tags: readonly string[],
  { env }: CommandContext,
): Promise<{ readonly route: Route; readonly path: string }> {
  const routes = await loadRoutes(path ?? defaultRoutesPath(env));
  const route = findRoute(routes, target.host, tags);
  if (route !== undefined) return { route, path: routes.path };
  throw new CourierError(
    'CONFIG',
    `${routes.path}: no route fits ${quote(target.host)}; \`cmk-courier routes explain ${target.host}\` shows why`,
  );
}

/** Notes that the site asks for this host: the collector asks for it from now on. */
function tellCollector(target: Target, tags: readonly string[], context: CommandContext): void {
  const ready = findReadyDirectory(context.env);
  if (ready === undefined) return;
  const { host, address } = target;
  noteAsked(placesBeside(ready).asked, { host, address, tags }, context.clock, context.log);
}

/** How long keeping the output may delay the end of a fetch; the output is out already. */
const keepMs = 2000;

/** Keeps output for the time when every source fails. */
async function keep(
  { output, producedAt, origin, step }: FoundOutput,
  { target: { host }, rules }: RoutePlan,
  spool: string,
  { clock, log, shutdown }: CommandContext,
): Promise<void> {
  const present = new Present(clock.now(), rules.age.maxSkewMs);
  const receivedAt = new Date(clock.now());
  const what = `the output was not kept in ${spool}`;
  const kept = { host, output, producedAt: producedAt ?? receivedAt, receivedAt };
  const named = { ...kept, origin: `${fetchOrigin}${step.name} ${origin}` };
  try {
    const { putSpooled } = await import('../spool/putting.ts');
    const newer = await withTimeLimit(
      { clock, timeoutMs: keepMs, tooSlow: what },
      shutdown,
      (signal) => untilAborted(putSpooled(spool, named, present), signal),
    );
    if (newer !== undefined) log.info({ host }, describeOlder(named, newer));
  } catch (thrown) {
    const error = asCourierError(thrown, 'keeping the output');
    log.warn({ host, code: error.code }, error.message);
  }
}
