/** `cmk-courier status`: how the hosts of the collector are. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseNumberWithin, parsePath, parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { cutToRows, findTerminalSize, redraw } from '../cli/screen.ts';
import { askStatus } from '../collector/ask-status.ts';
import { describeRelay } from '../collector/relay-lines.ts';
import type { CollectorStatus, HostStatus } from '../collector/status-shape.ts';
import { isWell, sortWorstFirst, toTable } from '../collector/status-table.ts';
import { CourierError, cleanText, stderrLine } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { globMatcher } from '../names/glob.ts';
import { defaultReadyDirectory, placesBeside } from '../ready/places.ts';
import { findRelayStatuses, isRelayWell } from '../relay/status.ts';
import { withTimeLimit } from '../system/time-limit.ts';

const options = {
  ready: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'the ready directory of the collector; by default tmp/cmk-courier/ready of the site',
    parse: parsePath,
  },
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe:
      'the spool, where relays are remembered; by default var/cmk-courier/spool of the site',
    parse: parsePath,
  },
  relays: {
    kind: 'switch',
    describe: 'only relays, as the receiver knows them, the worst first; needs no collector',
  },
  faulty: {
    kind: 'switch',
    describe:
      'only hosts without good output, or without a part of it; of relays those that are silent or refused',
  },
  json: { kind: 'switch', describe: 'print JSON' },
  watch: { kind: 'switch', describe: 'go on until ended by a signal' },
  interval: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'with --watch: how often',
    parse: parsePositiveDuration,
    fallback: '2s',
  },
  timeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long the collector may take to answer',
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  width: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'characters a line may have; by default those of the terminal, COLUMNS, or 200',
    parse: parseNumberWithin(20, 1000),
  },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const status: CommandModule = defineCommand({
  summary: 'show how the hosts of the collector are, the worst first',
  usage: 'status [HOST…]',
  examples: [
    ['status', 'all hosts'],
    ['status --faulty --watch', 'those without good output, until Ctrl-C'],
    ["status --json 'web*'", 'for scripts; hosts may be globs'],
    ['status --relays', 'relays that send to the receiver: last contact, hosts, what waits'],
    ["status --relays --faulty 'far*'", 'those that are silent or refused; relays may be globs'],
  ],
  options,
  run,
});

async function run(
  patterns: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  if (values.relays) return showRelays(patterns, values, context);
  const ready = values.ready ?? defaultReadyDirectory(context.env);
  const { socket } = placesBeside(ready);
  const show = async (known: CollectorStatus) => {
    const whole = await withRelays(await withNews(known), values, context);
    return toText(whole, patterns, values, context);
  };
  if (!values.watch) return print(await show(await ask(socket, values, context)), context);
  while (!context.shutdown.aborted) {
    const said = await ask(socket, values, context).then(show).catch(toFault);
    // What was shown last stays there when a signal ends it.
    if (context.shutdown.aborted) return;
    await showAgain(said, values, context);
    await context.clock.sleep(values.interval, context.shutdown).catch(() => undefined);
  }
}

/** A collector that is started again will answer again. */
function toFault(thrown: unknown): CourierError {
  return asCourierError(thrown, 'asking the collector');
}

/** In the place of what is on the terminal; elsewhere behind what was printed before. */
async function showAgain(
  said: string | CourierError,
  { json }: Values,
  context: CommandContext,
): Promise<void> {
  const isFault = said instanceof CourierError;
  const text = isFault ? `${cleanText(said.message)} (${said.code})\n` : said;
  // Who reads documents gets nothing else on stdout.
  if (json && isFault) return context.writeError(`${stderrLine(said, ['status'])}\n`);
  if (json) return print(text, context);
  const size = findTerminalSize();
  if (size === undefined) return print(`${text}\n`, context);
  await print(redraw(cutToRows(text, size.rows)), context);
}

/** With what has become of the file that its options are from. */
async function withNews(known: CollectorStatus): Promise<CollectorStatus> {
  const { configuration } = known;
  if (configuration === undefined) return known;
  const { findConfigurationNews } = await import('../service/configuration-news.ts');
  const { collect } = await import('./collect.ts');
  const { changed, fault } = await findConfigurationNews(configuration, collect.file);
  const told = fault && { fault: { code: fault.code, message: fault.message } };
  return { ...known, configuration: { ...configuration, changed: [...changed], ...told } };
}

/** With the relays whose hosts are in the spool of this site. */
async function withRelays(
  known: CollectorStatus,
  values: Values,
  context: CommandContext,
): Promise<CollectorStatus> {
  const relays = await listRelayStatuses(values, context);
  return relays.length === 0 ? known : { ...known, relays };
}

function listRelayStatuses({ spool }: Values, { env, clock }: CommandContext) {
  return findRelayStatuses(spool, env, clock.now());
}

async function showRelays(
  patterns: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const matchers = patterns.map(globMatcher);
  const relays = (await listRelayStatuses(values, context)).filter(
    (relay) =>
      !(values.faulty && isRelayWell(relay)) &&
      (matchers.length === 0 || matchers.some((fits) => fits(relay.relay))),
  );
  if (values.json) return print(`${JSON.stringify({ relays })}\n`, context);
  const lines = relays.map(describeRelay);
  await print(lines.length === 0 ? 'no relays\n' : `${lines.join('\n')}\n`, context);
}

async function ask(socket: string, values: Values, context: CommandContext) {
  const what = `no answer from the collector at ${socket}, which may be stopped (SIGSTOP)`;
  const limit = { clock: context.clock, timeoutMs: values.timeout, tooSlow: what };
  return withTimeLimit(limit, context.shutdown, (signal) => askStatus(socket, signal));
}

function toText(
  known: CollectorStatus,
  patterns: readonly string[],
  values: Values,
  { clock, env }: CommandContext,
): string {
  const hosts = sortWorstFirst(known.hosts.filter(toSelection(patterns, values.faulty)));
  if (values.json) return `${JSON.stringify({ ...known, hosts })}\n`;
  const table = toTable(known, hosts, clock.now(), values.width ?? findWidth(env));
  const isElsewhere = known.pool !== undefined && patterns.length > 0 && hosts.length === 0;
  return isElsewhere && !values.faulty ? `${table}${elsewhere}\n` : table;
}

/** A member of a pool lists the hosts that it asks. */
const elsewhere = 'none of these hosts is asked here; ask the other members of the pool';

function findWidth(env: CommandContext['env']): number {
  const columns = findTerminalSize()?.columns ?? Number(env['COLUMNS']);
  return columns >= 20 ? columns : 200;
}

function toSelection(patterns: readonly string[], faulty: boolean): (host: HostStatus) => boolean {
  const matchers = patterns.map(globMatcher);
  return (host) =>
    !(faulty && isWell(host)) &&
    (matchers.length === 0 || matchers.some((fits) => fits(host.host)));
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}
