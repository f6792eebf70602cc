/** `cmk-courier fetch`: the datasource program itself. */

import { parsePiggybackRule, parseSectionRule } from '../agent-output/filter.ts';
import type { CommandContext, CommandModule, Invocation, OptionGroup } from '../command.ts';
import { CourierError } from '../errors.ts';
import type { SourceStep } from '../fetching/attempt.ts';
import { type FetchPlan, fetchFirst } from '../fetching/chain.ts';
import { parseAddress, parseHostName } from '../host-name.ts';
import {
  parseDuration,
  parseDurationOrUnlimited,
  parsePositiveDuration,
  parseSize,
} from '../option-types.ts';
import { type OptionTable, parseOptions, type RawOptions, toFlag, withFlag } from '../options.ts';
import { readSecret, secretOptions } from '../secret-options.ts';
import { looksLikeSource, parseSourceUri } from '../source.ts';
import { catalog, catalogEntry } from '../transports/catalog.ts';

const options = {
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
    fallback: '1m',
  },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'refuse larger output, compressed or not',
    parse: parseSize,
    fallback: '64MiB',
  },
  ...secretOptions('passphrase', 'the passphrase of output the agent encrypts'),
  lenient: {
    kind: 'switch',
    describe: 'let text before the first section header pass',
  },
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

export const fetch: CommandModule = {
  summary: 'print the agent output of a host, from the first source that has it',
  usage: 'fetch --host=NAME [--address=ADDRESS] SOURCE [SOURCE…]',
  examples: [
    ['fetch --host=web01 https://depot.example/agent/{host}', 'from a web server'],
    ['fetch --host=web01 --max-age=10m /var/drops/{host}.txt', 'a dropped file'],
    ['fetch --host=web01 https://a/{host} /var/drops/{host}', 'the file if the server fails'],
  ],
  options,
  loadSourceOptions,
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<void> {
  const values = parseOptions(options, pick(invocation.options, options));
  if (invocation.operands.length === 0) {
    throw new CourierError(
      'USAGE',
      'no SOURCE given, such as https://depot/{host} or /drops/{host}',
    );
  }
  const plan: FetchPlan = {
    target: { host: values.host, address: values.address },
    steps: await toSteps(invocation),
    rules: {
      age: { maxAgeMs: values.maxAge, maxSkewMs: values.maxSkew },
      maxOutputBytes: values.maxSize,
      lenient: values.lenient,
      piggyback: withFlag('--piggyback', () => parsePiggybackRule(values.piggyback)),
      sections: withFlag('--sections', () => parseSectionRule(values.sections)),
      passphrase: await readSecret(values, 'passphrase', context),
    },
    deadlineMs: values.deadline,
    timeoutMs: values.timeout,
  };
  await fetchFirst(plan, context, (output) => context.writeOutput(output));
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

async function loadSourceOptions(args: readonly string[]): Promise<readonly OptionGroup[]> {
  const schemes = args.filter(looksLikeSource).map(schemeOf);
  const chosen = schemes.filter((scheme) => Object.hasOwn(catalog, scheme));
  const groups = new Map<string, OptionGroup>();
  for (const scheme of chosen.length > 0 ? chosen : Object.keys(catalog)) {
    const { transport, load } = catalogEntry(scheme);
    groups.set(transport, { title: `${transport} sources`, options: (await load()).options });
  }
  return [...groups.values()];
}

function schemeOf(source: string): string {
  return source.startsWith('/') ? 'file' : source.slice(0, source.indexOf(':')).toLowerCase();
}
