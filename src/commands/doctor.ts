/** `cmk-courier doctor`: why a host has no data, step by step. */

import type { CommandContext, CommandModule, Invocation } from '../cli/command.ts';
import {
  parseDuration,
  parseNumberWithin,
  parseOneOf,
  parsePath,
  parsePositiveDuration,
  parseText,
} from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, parseOptions } from '../cli/options.ts';
import { roles } from '../doctor/ports/table.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import { tcpOptions } from '../transports/tcp/options.ts';

const {
  policy,
  uuid,
  treatAsUnregistered,
  siteCert,
  agentCa,
  receiverState,
  receiverCertificates,
  passphraseFile,
  passphraseId,
} = tcpOptions;

/** Of the agent port, as `tcp:` has them. */
const agentOptions = {
  policy,
  uuid,
  treatAsUnregistered,
  siteCert,
  agentCa,
  receiverState,
  receiverCertificates,
  passphraseFile,
  passphraseId,
} as const satisfies OptionTable;

const printing = {
  json: { kind: 'switch', describe: 'print the report as one JSON document' },
  redact: {
    kind: 'switch',
    describe: 'replace names, addresses and UUIDs, the same one by the same, for posting in public',
  },
  facts: {
    kind: 'switch',
    describe: 'show the facts of each step as well, as -v does; without the log of -v',
  },
  quiet: { kind: 'switch', describe: 'print the verdict alone' },
  ascii: { kind: 'switch', describe: 'no signs beyond ASCII' },
  plugin: {
    kind: 'switch',
    describe: 'print one line, and end with the exit codes of a monitoring plug-in',
  },
} as const satisfies OptionTable;

const looking = {
  address: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'address of the host, in place of the one that Checkmk has',
    parse: parseAddress,
  },
  port: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'port of the agent, where Checkmk does not name one',
    parse: parseNumberWithin(1, 65_535),
    fallback: '6556',
  },
  deadline: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time for all of it; a slow agent needs more',
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  connectTimeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long connecting may take',
    parse: parseDuration,
    fallback: '5s',
  },
  only: {
    kind: 'value',
    placeholder: 'STEP,…',
    describe: 'take these steps alone, and those that they need',
    parse: (text: string) => text.split(',').filter(Boolean),
    fallback: '',
  },
  ask: {
    kind: 'switch',
    describe:
      'run `cmk -d HOST` as well; it runs the real program, which may acknowledge or delete mail',
  },
  routes: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'the routes file; by default routes.yaml of the site or user',
    parse: parsePath,
  },
  hostReport: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'a report of courier-doctor --json from the host, `-` for stdin',
    parse: parsePath,
  },
  ssh: {
    kind: 'value',
    placeholder: 'URI',
    describe: 'fetch that report over ssh, such as ssh://courier-doctor@{address}',
    parse: parseText,
  },
  failOn: {
    kind: 'value',
    placeholder: 'WHAT',
    describe: 'what is a failure: `fault` or `warning`',
    parse: parseOneOf('fault', 'warning'),
    fallback: 'fault',
  },
} as const satisfies OptionTable;

const siteOptions = {
  bundle: {
    kind: 'value',
    placeholder: 'FILE.tar.gz',
    describe:
      'with site: also pack what support asks for: report, configuration and last log lines, without secrets, names and addresses',
    parse: parsePath,
  },
} as const satisfies OptionTable;

const portOptions = {
  role: {
    kind: 'value',
    placeholder: 'ROLE',
    describe: 'with ports: whose: `host`, `site`, `central`, `remote`, `appliance` or `outside`',
    parse: parseOneOf(...roles),
    fallback: 'site',
  },
  to: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'with ports: try them there',
    parse: parseAddress,
  },
  fromReport: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'with ports: what a report of courier-doctor --json tells of them, `-` for stdin',
    parse: parsePath,
  },
  listen: {
    kind: 'switch',
    describe: 'with ports: answer on them for a minute, so that a firewall can be tried',
  },
  listenAddress: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'with --listen: where, by default on loopback',
    parse: parseAddress,
    fallback: '127.0.0.1',
  },
} as const satisfies OptionTable;

const options = { ...looking, ...agentOptions, ...portOptions, ...siteOptions, ...printing };

type DoctorValues = OptionValues<typeof options>;

export const doctor: CommandModule = {
  summary: 'say why a host has no data, or what is wrong with the courier here',
  usage: 'doctor HOST [SOURCE…] | host HOST [SOURCE…] | ports | site',
  examples: [
    ['doctor web01', 'from its address to its output; what to do is said on each side'],
    ['doctor web01 --ssh=ssh://courier-doctor@{address}', 'with what the host itself sees'],
    ['doctor web01 https://depot/{host}', 'the way of a source'],
    ['doctor ports --role=host --to=192.0.2.21', 'which ports are needed, and which answer'],
    ['doctor ports --role=site --listen', 'answer on them, to try a firewall beforehand'],
    [
      'doctor site',
      'the installation itself: files and rights, routes, collector, receiver, spool',
    ],
    ['doctor site --bundle=courier.tar.gz', 'the same, packed for whoever is to help'],
  ],
  options,
  async loadSourceOptions(args, env) {
    const sources = args.flatMap((arg) => /^(?:--ssh=)?([a-z][a-z+]*:.*)$/.exec(arg)?.[1] ?? []);
    if (sources.length === 0) return [];
    const { fetch } = await import('./fetch.ts');
    const groups = (await fetch.loadSourceOptions?.(sources, env)) ?? [];
    return groups.map((group) => ({ ...group, options: withoutOwn(group.options) }));
  },
  run,
};

/** What is in our own table need not be there twice. */
function withoutOwn(table: OptionTable): OptionTable {
  return Object.fromEntries(
    Object.entries(table).filter(([name]) => !Object.hasOwn(options, name)),
  );
}

async function run(invocation: Invocation, context: CommandContext): Promise<void> {
  const own = Object.entries(invocation.options).filter(([name]) => Object.hasOwn(options, name));
  const given = parseOptions(options, Object.fromEntries(own));
  const values = { ...given, facts: given.facts || context.isVerbose === true };
  const [name, ...others] = invocation.operands;
  if (name === undefined)
    throw new CourierError('USAGE', 'one HOST must be named, or ports, or site');
  if (name !== 'ports' && name !== 'site') {
    const [host, sources] = toHost(name, others);
    refuseForeign(own, 'HOST', { ...looking, ...agentOptions, ...printing });
    return lookAtHost({ name: host, sources, raw: invocation.options }, values, context);
  }
  const [extra] = others;
  if (extra !== undefined) throw new CourierError('USAGE', `${name} takes no ${quote(extra)}`);
  const { json, ...texts } = printing;
  const { deadline, failOn } = looking;
  const { plugin: _, ...sitePrinting } = texts;
  if (name === 'site') {
    refuseForeign(own, name, { ...siteOptions, json, ...sitePrinting, deadline, failOn });
    return lookAtSite(values, context);
  }
  refuseForeign(own, name, { ...portOptions, json, deadline });
  const { lookAtPorts } = await import('../doctor/ports/command.ts');
  return lookAtPorts(values, context);
}

/** What would do nothing is refused: who asks for it would take its silence for an answer. */
function refuseForeign(
  given: readonly (readonly [name: string, value: unknown])[],
  form: string,
  known: OptionTable,
): void {
  const foreign = given.find(([name]) => !Object.hasOwn(known, name))?.[0];
  if (foreign === undefined) return;
  const flag = foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new CourierError('USAGE', `--${flag} is not for doctor ${form}`);
}

/** A host may be named as what else there is: `host site`. No source is a bare word. */
function toHost(name: string, [next = '', ...others]: readonly string[]) {
  const isNamed = name === 'host' && next !== '' && !/[:/]/.test(next);
  return isNamed ? ([next, others] as const) : ([name, next ? [next, ...others] : others] as const);
}

async function lookAtSite(values: DoctorValues, context: CommandContext): Promise<void> {
  const { runSite } = await import('../doctor/site/run-site.ts');
  const { collect } = await import('./collect.ts');
  const { deadline: deadlineMs, ...wish } = values;
  const exit = await runSite({ ...wish, deadlineMs, collectorFile: collect.file }, context);
  if (exit !== 0) context.exitWith?.(exit);
}

interface Asked {
  readonly name: string;
  readonly sources: readonly string[];
  readonly raw: Invocation['options'];
}

async function lookAtHost(
  { name, sources, raw }: Asked,
  values: DoctorValues,
  context: CommandContext,
): Promise<void> {
  const [{ examine }, { print }] = await Promise.all([
    import('../doctor/from-site/examine.ts'),
    import('../doctor/print.ts'),
  ]);
  const known = { ...looking, ...portOptions, ...siteOptions, ...printing };
  const foreign = Object.entries(raw).filter(([option]) => !Object.hasOwn(known, option));
  const wanted = { operands: sources, options: Object.fromEntries(foreign) };
  const [found, port] = await examine(
    {
      host: parseHostName(name),
      values,
      raw: wanted.options,
      sources: sources.length > 0 ? wanted : undefined,
    },
    context,
  );
  await print(found, port, values, context);
}
