/** `cmk-courier fetch`: the datasource program itself. */

import { parsePiggybackRule, parseSectionRule } from '../agent-output/filter.ts';
import type { CommandContext, CommandModule, Invocation, OptionGroup } from '../cli/command.ts';
import { formOptions } from '../cli/form-options.ts';
import {
  parseDuration,
  parseDurationOrUnlimited,
  parsePath,
  parsePositiveDuration,
  parseSize,
} from '../cli/option-types.ts';
import {
  type OptionTable,
  parseOptions,
  type RawOptions,
  toFlag,
  withFlag,
} from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import type { SourceStep } from '../fetching/attempt.ts';
import { fetchFirst } from '../fetching/chain.ts';
import { type FetchPlan, warnOfLosses } from '../fetching/plan.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import { readSecret, secretOptions } from '../secrets/secret-options.ts';
import { defaultMaxSkew } from '../times/skew.ts';
import { catalog, catalogEntry } from '../transports/catalog.ts';
import { looksLikeSource, parseSourceUri, type Target } from '../transports/source.ts';
import { withTransport } from '../transports/transport.ts';

const hostOptions = {
  host: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'name of the host in Checkmk; replaces {host} in sources',
    parse: parseHostName,
    required: true,
  },
  address: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'address of the host; replaces {address} in sources',
    parse: parseAddress,
    fallback: '',
  },
} as const satisfies OptionTable;

/** What belongs to a route when there is one. */
const ruleOptions = {
  deadline: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time for all sources together; keep it below the service check timeout of the site',
    parse: parsePositiveDuration,
    fallback: '50s',
  },
  timeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time for each source; without it each gets an equal share of what is left',
    parse: parsePositiveDuration,
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'refuse older output, where it can be known when it was produced; or unlimited',
    parse: parseDurationOrUnlimited,
    fallback: '5m',
  },
  maxSkew: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'refuse output from further in the future',
    parse: parseDuration,
    fallback: defaultMaxSkew,
  },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'refuse larger output, compressed or not',
    parse: parseSize,
    fallback: '64MiB',
  },
  ...secretOptions('passphrase', 'the passphrase of output the agent encrypts'),
  ...formOptions,
  piggyback: {
    kind: 'list',
    placeholder: 'RULE',
    describe: 'sections for other hosts: allow (default), drop, refuse, or patterns of host names',
    parse: String,
  },
  sections: {
    kind: 'list',
    placeholder: 'NAMES',
    describe: 'sections to keep, such as df,cpu,lnx_*; with ! in front, to leave out',
    parse: String,
  },
} as const satisfies OptionTable;

/** What finds the route when no SOURCE is given. */
const routeOptions = {
  routes: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'without SOURCE: the routes file; by default routes.yaml of the site or user',
    parse: parsePath,
  },
  tags: {
    kind: 'list',
    placeholder: 'TAGS',
    describe: 'without SOURCE: the host\'s tags, for routes with conditions: "$_HOSTTAGS$"',
    parse: String,
  },
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'without SOURCE: where the last good output is kept for routes with grace',
    parse: parsePath,
  },
} as const satisfies OptionTable;

const options = { ...hostOptions, ...ruleOptions, ...routeOptions };

export const fetch: CommandModule = {
  summary: 'print the agent output of a host, from the first source that has it',
  usage: 'fetch --host=NAME [--address=ADDRESS] [SOURCE…]',
  examples: [
    ['fetch --host=web01 https://depot.example/agent/{host}', 'from a web server'],
    ['fetch --host=web01 --max-age=10m /var/drops/{host}.txt', 'a dropped file'],
    ['fetch --host=web01 https://a/{host} /var/drops/{host}', 'the file if the server fails'],
    ['fetch --host=web01 --address=192.0.2.7', 'as the routes file says'],
    ['fetch --help https:', 'the options of one kind of source'],
  ],
  options,
  loadSourceOptions,
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<void> {
  const own = pick(invocation.options, hostOptions);
  const { host, address } = parseOptions(hostOptions, own);
  const target: Target = { host, address };
  context.requireOutput?.();
  if (invocation.operands.length === 0) return fetchByRoute(invocation, target, context);
  const plan = await planSources(invocation, target, context);
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
  const values = parseOptions(routeOptions, pick(raw, routeOptions));
  const [alien] = Object.keys(raw).filter(
    (name) => !Object.hasOwn({ ...hostOptions, ...routeOptions }, name),
  );
  if (alien !== undefined) {
    throw new CourierError(
      'USAGE',
      `${toFlag(alien)} needs a SOURCE, such as https://depot/{host}; a route has its own rules`,
    );
  }
  const { fetchRouted } = await import('../fetching/routed.ts');
  await fetchRouted({ ...values, target }, context);
}

async function planSources(
  invocation: Invocation,
  target: Target,
  context: CommandContext,
): Promise<FetchPlan> {
  const values = parseOptions(ruleOptions, pick(invocation.options, ruleOptions));
  for (const name of Object.keys(pick(invocation.options, routeOptions))) {
    throw new CourierError('USAGE', `${toFlag(name)} is for routes, which a SOURCE stands in for`);
  }
  return {
    target,
    steps: await toSteps(invocation),
    rules: {
      age: { maxAgeMs: values.maxAge, maxSkewMs: values.maxSkew },
      maxOutputBytes: values.maxSize,
      lenient: values.lenient,
      strict: values.strict,
      piggyback: withFlag('--piggyback', () => parsePiggybackRule(values.piggyback)),
      sections: withFlag('--sections', () => parseSectionRule(values.sections)),
      passphrase: await readSecret(values, 'passphrase', context),
    },
    deadlineMs: values.deadline,
    timeoutMs: values.timeout,
    lend: withTransport,
  };
}

/** Each source gets the options its transport knows; one that none of them knows is a mistake. */
async function toSteps({ operands, options: raw }: Invocation): Promise<readonly SourceStep[]> {
  const unused = new Set(Object.keys(raw).filter((name) => !Object.hasOwn(options, name)));
  const steps: SourceStep[] = [];
  for (const operand of operands) {
    const uri = parseSourceUri(operand);
    const entry = catalogEntry(uri.scheme);
    const module = await entry.load();
    const own = pick(raw, module.options);
    parseOptions(module.options, own);
    for (const name of Object.keys(own)) unused.delete(name);
    steps.push({ source: { uri, options: own }, name: entry.transport, module });
  }
  for (const name of unused) {
    const names = steps.map((step) => step.name).join(', ');
    throw new CourierError('USAGE', `${toFlag(name)} is no option of ${names}`);
  }
  return steps;
}

function pick(raw: RawOptions, table: OptionTable): RawOptions {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => Object.hasOwn(table, name)));
}

/** A routed fetch has no use for them; those of every transport where none is asked for. */
async function loadSourceOptions(args: readonly string[]): Promise<readonly OptionGroup[]> {
  const schemes = args.filter(looksLikeSource).map(schemeOf);
  if (args.length > 0 && schemes.length === 0) return [];
  const known = Object.keys(catalog);
  const chosen = known.filter((scheme) => schemes.includes(scheme));
  // A scheme that does not exist is told when the source is read.
  const wanted = chosen.length > 0 ? chosen : known;
  const names = [...new Set(wanted.map((scheme) => catalogEntry(scheme).transport))];
  return Promise.all(names.map(toOptionGroup));
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
