/** `cmk-courier broker`: makes, checks and shows the stream in which outputs of hosts are. */

import type { StoredReport } from '../broker/administration.ts';
import { parseBroker } from '../broker/options.ts';
import {
  defaultAccount,
  parseAccount,
  parseServerVersion,
} from '../broker/server-configuration.ts';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseDuration, parseNumberWithin, parseText } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { runVerb, type VerbTask } from '../cli/verbs.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import { parseHostName } from '../names/host-name.ts';
import { checkNatsOptions, natsOptions } from '../nats/options.ts';
import { defaultStream, parseStreamName, type StreamWanted } from '../nats/stream.ts';
import { formatDuration } from '../times/durations.ts';
import { defaultMaxSkewMs } from '../times/skew.ts';

/** Below that it would forget what sources still take, by the `--max-age` they have by default. */
const leastKeptMs = 5 * 60_000;

function parseKept(raw: string): number {
  const keptMs = parseDuration(raw);
  if (keptMs >= leastKeptMs) return keptMs;
  const least = formatDuration(leastKeptMs);
  throw new CourierError('USAGE', `must be at least ${least}, not ${quote(raw)}`);
}

const options = {
  site: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseText,
    describe: 'the site whose outputs these are; in a site its own name',
  },
  stream: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseStreamName,
    fallback: defaultStream,
    describe: 'the stream',
  },
  ownSubjects: {
    kind: 'switch',
    describe: 'with init and check: the stream is for this site only; one such stream a site',
  },
  replicas: {
    kind: 'value',
    placeholder: 'NUMBER',
    parse: parseNumberWithin(1, 5),
    fallback: '3',
    describe: 'with init and check: how many servers keep each output: 1, 3 or 5',
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    parse: parseKept,
    fallback: '7d',
    describe: 'with init and check: how long the output of a silent host is kept',
  },
  account: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseAccount,
    fallback: defaultAccount,
    describe:
      'with init: the account in the configuration; with another one users are called NAME-receiver and so on, so that several sites share servers',
  },
  serverVersion: {
    kind: 'value',
    placeholder: 'VERSION',
    parse: parseServerVersion,
    describe: 'with init: the oldest nats-server that is to take the configuration, such as 2.10',
  },
  json: { kind: 'switch', describe: 'with check and show: print JSON' },
  ...natsOptions,
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const broker: CommandModule = defineCommand({
  summary: 'make, check and show the stream of NATS in which the newest outputs are',
  usage: 'broker init [SERVER…] | check SERVER… | show SERVER… HOST',
  examples: [
    ['broker init --site=mysite', 'a configuration for nats-server, with one user a purpose'],
    ['broker init --site=other --account=OTHER', 'the accounts of another site on these servers'],
    ['broker init --site=mysite --server-version=2.10', 'the same with what 2.9 would refuse'],
    [
      'broker init nats://broker1,broker2,broker3 --user=admin --password-file=admin --ca=ca.pem',
      'make the stream there; with --replicas=1 on a single server',
    ],
    [
      'broker check nats://broker1 --user=admin --password-file=admin --ca=ca.pem',
      'what differs, with the --replicas and --max-age of init; changes nothing; exit code 3 where outputs get lost',
    ],
    [
      'broker show nats://broker1 web01 --site=mysite --user=admin --password-file=admin --ca=ca.pem',
      'what the stream has of a host; as the user of the site, too',
    ],
  ],
  options,
  run: async (operands, values, context) => {
    checkNatsOptions(values);
    await runVerb(verbs, { operands, values, context });
  },
});

type Task = VerbTask<Values>;

const verbs: Readonly<Record<string, (task: Task) => Promise<void>>> = { init, check, show };

async function init({ operands: [servers, ...more], values, context }: Task): Promise<void> {
  if (more.length > 0) throw new CourierError('USAGE', 'init takes one list of servers');
  if (servers === undefined) {
    const { makeServerConfiguration } = await import('../broker/server-configuration.ts');
    const { stream, account, serverVersion: version } = values;
    const wanted = { site: siteOf(values, context), stream, account, version };
    return print(makeServerConfiguration(wanted), context);
  }
  const wanted = toWanted(values, context);
  const isMade = await withServers({ servers, values, context }, (found) => found.init(wanted));
  const keeps = `${wanted.subjects}, ${counted(wanted.replicas, 'replica')}, for ${formatDuration(wanted.maxAgeMs)}`;
  const there = 'is there already and stays as it is; `broker check` says what differs';
  await print(`stream ${wanted.name} ${isMade ? `made: ${keeps}` : there}\n`, context);
}

async function check({ operands: [servers, ...more], values, context }: Task): Promise<void> {
  if (servers === undefined || more.length > 0) {
    throw new CourierError('USAGE', 'check needs the servers, such as nats://broker1');
  }
  const wanted = toWanted(values, context);
  const report = await withServers({ servers, values, context }, (found) => found.check(wanted));
  const { describeStream } = await import('../broker/describe.ts');
  if (values.json) await printDocument({ ...report, leader: report.leader ?? null }, context);
  else await print(describeStream(report), context);
  const losing = report.differences.filter(({ weight }) => weight === 'loses');
  if (losing.length === 0) return;
  const names = losing.map(({ setting }) => setting).join(', ');
  throw new CourierError('CONFIG', `outputs get lost or old ones win with this stream: ${names}`);
}

async function show({ operands: [servers, name, ...more], values, context }: Task): Promise<void> {
  if (servers === undefined || name === undefined || more.length > 0) {
    throw new CourierError('USAGE', 'show needs the servers and a host');
  }
  const [host, site] = [parseHostName(name), siteOf(values, context)];
  const found = await withServers({ servers, values, context }, (there) =>
    there.show(values.stream, site, host),
  );
  if (found === undefined) {
    throw new CourierError('NO_OUTPUT', `the stream ${values.stream} has nothing of ${host}`);
  }
  const { describeStored, toStoredDocument } = await import('../broker/describe.ts');
  const nowMs = context.clock.now();
  const shown = { ...found, seal: await openSealed(found, context) };
  if (values.json) await printDocument(toStoredDocument(shown, nowMs), context);
  else await print(describeStored(shown, nowMs), context);
}

/** The steps by which a fetch here would open a drop of any age; undefined when it is none. */
async function openSealed(
  { host, body }: Pick<StoredReport, 'host' | 'body'>,
  { clock, env, log, shutdown: signal }: CommandContext,
) {
  const { isSealed } = await import('../sealing/first-bytes.ts');
  if (!isSealed(body)) return undefined;
  const { explainDrop } = await import('../fetching/seal-explanation.ts');
  const rules = {
    age: { maxAgeMs: Number.POSITIVE_INFINITY, maxSkewMs: defaultMaxSkewMs },
    maxOutputBytes: largestOpened,
    seal: 'required',
    passphrase: undefined,
  } as const;
  return (await explainDrop(body, host, rules, { clock, env, log, signal })).steps;
}

const largestOpened = 128 * 1024 * 1024;

interface AtServers {
  readonly servers: string;
  readonly values: Values;
  readonly context: CommandContext;
}

type Broker = import('../broker/administration.ts').Broker;

async function withServers<Result>(
  { servers, values, context }: AtServers,
  use: (found: Broker) => Promise<Result>,
): Promise<Result> {
  const access = { servers: parseBroker(servers), options: values };
  const { withBroker } = await import('../broker/administration.ts');
  return withBroker(access, context, use);
}

function toWanted(values: Values, context: CommandContext): StreamWanted {
  const { stream: name, replicas, maxAge: maxAgeMs, ownSubjects } = values;
  const subjects = ownSubjects ? `courier.${siteOf(values, context)}.>` : 'courier.>';
  return { name, subjects, replicas, maxAgeMs };
}

function siteOf({ site }: Values, { env }: CommandContext): string {
  const known = site ?? env['OMD_SITE'];
  if (known !== undefined) return known;
  throw new CourierError('USAGE', '--site is missing');
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}

async function printDocument(document: object, context: CommandContext): Promise<void> {
  const { printJson } = await import('../cli/json-document.ts');
  await printJson(document, context);
}
