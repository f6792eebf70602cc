/** A route of the routes file → what a fetch needs to know. */

import type { CommandContext } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parseOptions } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { suggest } from '../names/nearest.ts';
import type { Route, RouteSource } from '../routes/route.ts';
import { readSecret, secretOptions } from '../secrets/secret-options.ts';
import { catalogEntry, findSchemesWith, loadTransport } from '../transports/catalog.ts';
import { parseSourceUri, type Target } from '../transports/source.ts';
import { type LendTransport, withTransport } from '../transports/transport.ts';
import type { OutputRules } from './accept.ts';
import type { SourceStep } from './attempt.ts';
import type { RoutePlan } from './plan.ts';

/** The passphrase options that a route has for all of its sources. */
export const passphraseOptions = secretOptions(
  'passphrase',
  'the passphrase of output the agent encrypts',
);

/** A route with its transports loaded and its secrets read, good for all its hosts. */
export type PreparedRoute = Omit<RoutePlan, 'target'>;

/**
 * Loads what a route needs.
 *
 * @param path of the routes file, for errors
 * @param lend lends open transports; by default each fetch opens its own
 * @throws CourierError USAGE or CONFIG naming the route's place; LOCAL when a secret cannot be read
 */
export async function prepareRoute(
  route: Route,
  path: string,
  context: CommandContext,
  lend: LendTransport = withTransport,
): Promise<PreparedRoute> {
  const { settings } = route;
  const values = parseOptions(passphraseOptions, settings.secrets);
  const rules: OutputRules = {
    age: { maxAgeMs: settings.maxAgeMs, maxSkewMs: settings.maxSkewMs },
    maxOutputBytes: settings.maxOutputBytes,
    lenient: settings.lenient,
    strict: settings.strict,
    piggyback: settings.piggyback,
    sections: settings.sections,
    seal: settings.seal,
    passphrase: await readSecret(values, 'passphrase', context),
  };
  return {
    steps: await toSteps(route.sources, path, context.env),
    with: await toSteps(route.with, path, context.env),
    rules,
    deadlineMs: settings.deadlineMs,
    timeoutMs: settings.timeoutMs,
    lend,
    pick: settings.pick,
    graceMs: settings.graceMs,
    report: settings.report,
  };
}

/**
 * Output from a spool is kept already, and must not be stored again as if it came from another
 * source.
 */
export function comesFromSpool({ steps }: PreparedRoute): boolean {
  return steps.some(({ name }) => name === 'spool');
}

/** What a fetch for one host of the route needs to know. */
export function planFor(prepared: PreparedRoute, target: Target): RoutePlan {
  return { ...prepared, target };
}

/**
 * Finds the transport of each source and checks the source's options against those it knows.
 *
 * @param path of the routes file, for errors
 * @throws CourierError CONFIG
 */
export async function toSteps(
  sources: readonly RouteSource[],
  path: string,
  env: Environment,
): Promise<readonly SourceStep[]> {
  return Promise.all(
    sources.map(async (source) => {
      try {
        return await toStep(source, env);
      } catch (error) {
        if (!(error instanceof CourierError) || error.code === 'INTERNAL') throw error;
        const message = `${path}:${source.line}: ${error.message}`;
        throw new CourierError('CONFIG', message, { cause: error });
      }
    }),
  );
}

/** @throws CourierError USAGE */
export async function toStep(
  { uri: text, options, timeoutMs }: RouteSource,
  env: Environment,
): Promise<SourceStep> {
  const uri = parseSourceUri(text);
  const { transport } = catalogEntry(uri.scheme);
  const module = await loadTransport(uri, env);
  const stray = Object.keys(options).find((name) => !Object.hasOwn(module.options, name));
  if (stray !== undefined) {
    const owners = await findSchemesWith(stray);
    const hint =
      owners.length === 0
        ? suggest(stray, Object.keys(module.options))
        : `it is one of ${owners.map((scheme) => `${scheme}:`).join(', ')}`;
    throw new CourierError('USAGE', `unknown key ${quote(stray)} of ${transport}; ${hint}`);
  }
  parseOptions(module.options, options);
  const step = { source: { uri, options }, name: transport, module };
  return timeoutMs === undefined ? step : { ...step, timeoutMs };
}
