/** `cmk-courier fetch`: the datasource program itself. */

import type { CommandContext, CommandModule, Invocation, OptionGroup } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parseOptions, pickOptions, toFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierErrorWhile, errorCode } from '../faults/system-errors.ts';
import { fetchFirst } from '../fetching/chain.ts';
import {
  alternatives,
  hostOptions,
  routeOptions,
  ruleOptions,
  spoolOptions,
} from '../fetching/fetch-options.ts';
import { warnOfLosses } from '../fetching/plan.ts';
import { planSources } from '../fetching/source-plan.ts';
import { catalog, catalogEntry, loadTransport } from '../transports/catalog.ts';
import { looksLikeSource, parseSourceUri, type Target } from '../transports/source.ts';

const options = { ...hostOptions, ...ruleOptions, ...routeOptions, ...spoolOptions };

export const fetch: CommandModule = {
  summary: 'print the agent output of a host, from the first source that has it',
  usage: 'fetch --host=NAME [--address=ADDRESS] [SOURCE…] [--or SOURCE…]… [--with=SOURCE]…',
  examples: [
    ['fetch --host=web01 https://depot.example/agent/{host}', 'from a web server'],
    ['fetch --host=web01 --max-age=10m /var/drops/{host}.txt', 'a dropped file'],
    ['fetch --host=web01 https://a/{host} /var/drops/{host}', 'the file if the server fails'],
    [
      'fetch --host=web01 https://a/{host} --ca=/ca.pem --or https://b/{host}',
      'each with options of its own',
    ],
    [
      'fetch --host=web01 tcp://web01 --with=exec:/usr/local/bin/more --timeout=20s',
      'the sections of the second source added',
    ],
    ['fetch --host=web01 --address=192.0.2.7', 'as the routes file says'],
    ['fetch --help https:', 'the options of one kind of source'],
  ],
  options,
  alternatives,
  loadSourceOptions,
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<void> {
  const own = pickOptions(invocation.options, hostOptions);
  const { host, address } = parseOptions(hostOptions, own);
  const target: Target = { host, address };
  context.requireOutput?.();
  const { operands, alternatives: others, with: beside = [] } = invocation;
  if (operands.length === 0 && others === undefined) {
    if (beside.length > 0) {
      throw new CourierError(
        'USAGE',
        '--with needs a SOURCE ahead of it; a route has its own `with`',
      );
    }
    return fetchByRoute(invocation, target, context);
  }
  const plan = await planSources(invocation, target, context);
  const { spool } = parseOptions(spoolOptions, pickOptions(invocation.options, spoolOptions));
  if (spool !== undefined && plan.graceMs === 0) {
    throw new CourierError('USAGE', '--spool needs --grace');
  }
  const isMore = plan.graceMs > 0 || plan.report !== 'none' || plan.pick !== 'first';
  if (isMore || plan.with.length > 0) {
    const { fetchPlanned } = await import('../fetching/routed.ts');
    return fetchPlanned(plan, spool, context);
  }
  const fault = await fetchFirst(plan, context, async (found) => {
    warnOfLosses(found, target, context.log);
    await context.writeOutput(found.output);
  });
  if (fault !== undefined) throw fault;
}

async function fetchByRoute(
  { options: raw }: Invocation,
  target: Target,
  context: CommandContext,
): Promise<void> {
  const known = { ...routeOptions, ...spoolOptions };
  const values = parseOptions(known, pickOptions(raw, known));
  const [alien] = Object.keys(raw).filter(
    (name) => !Object.hasOwn({ ...hostOptions, ...known }, name),
  );
  if (alien !== undefined) {
    throw new CourierError(
      'USAGE',
      `${toFlag(alien)} needs a SOURCE, such as https://depot/{host}; a route has its own rules`,
    );
  }
  const { fetchRouted } = await import('../fetching/routed.ts');
  try {
    await fetchRouted({ ...values, target }, context);
  } catch (error) {
    const isAsked = values.routes !== undefined;
    throw isAsked || !(await areRoutesMissing(error, context)) ? error : withoutSource(error);
  }
}

/** Whether there is no routes file where it is looked for when nobody says where it is. */
async function areRoutesMissing(error: unknown, { env }: CommandContext): Promise<boolean> {
  if (!(error instanceof CourierError) || errorCode(error.cause) !== 'ENOENT') return false;
  const { defaultRoutesPath } = await import('../routes/load.ts');
  return error.message.startsWith(`${defaultRoutesPath(env)}: `);
}

/** Who has no routes file has perhaps forgotten the SOURCE. */
function withoutSource(error: unknown): CourierError {
  const doing = 'no SOURCE is given, such as https://depot/{host}, and no routes';
  return asCourierErrorWhile(error, doing);
}

/** A routed fetch has no use for them; those of every transport where none is asked for. */
async function loadSourceOptions(
  args: readonly string[],
  env: Environment = {},
): Promise<readonly OptionGroup[]> {
  const sources = args.filter(looksLikeSource);
  const schemes = sources.map(schemeOf);
  if (args.length > 0 && schemes.length === 0) return [];
  const known = Object.keys(catalog);
  const chosen = known.filter((scheme) => schemes.includes(scheme));
  // A scheme that does not exist is told when the source is read.
  const wanted = chosen.length > 0 ? chosen : known;
  const names = [...new Set(wanted.map((scheme) => catalogEntry(scheme).transport))];
  const agents = await toAgentGroups(sources, env);
  const groups = await Promise.all(names.map(toOptionGroup));
  const isCovered = ({ title }: OptionGroup) => agents.length > 0 && title === 'agent: sources';
  return [...groups.filter((group) => !isCovered(group)), ...agents];
}

/** Each special agent has options of its own; one that cannot be loaded is told when it is asked. */
async function toAgentGroups(
  sources: readonly string[],
  env: Environment,
): Promise<readonly OptionGroup[]> {
  const named = sources.filter((source) => /^agent:./i.test(source));
  return Promise.all(
    named.map(async (text) => {
      const { options } = await loadTransport(parseSourceUri(text), env);
      return { title: `${text} sources`, schemes: [], options };
    }),
  );
}

async function toOptionGroup(transport: string): Promise<OptionGroup> {
  const entries = Object.entries(catalog).filter(([, entry]) => entry.transport === transport);
  const schemes = entries.map(([scheme, { summary }]) => [`${scheme}:`, summary] as const);
  const [first] = entries;
  return {
    title: `${schemes.map(([scheme]) => scheme).join(' ')} sources`,
    schemes,
    options: first === undefined ? {} : (await first[1].load()).options,
  };
}

function schemeOf(source: string): string {
  return source.startsWith('/') ? 'file' : source.slice(0, source.indexOf(':')).toLowerCase();
}
