/** `cmk-courier status`: how the hosts of the collector are. */

import { askStatus } from '../collector/ask-status.ts';
import type { CollectorStatus, HostStatus } from '../collector/status-shape.ts';
import { sortWorstFirst, toTable } from '../collector/status-table.ts';
import { type CommandContext, type CommandModule, defineCommand } from '../command.ts';
import { startTimeout } from '../fetching/deadline.ts';
import { globMatcher } from '../glob.ts';
import { parseNumberWithin, parsePath, parsePositiveDuration } from '../option-types.ts';
import type { OptionTable, OptionValues } from '../options.ts';
import { defaultReadyDirectory, placesBeside } from '../ready/places.ts';
import { asCourierError } from '../system-errors.ts';

const options = {
  ready: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'the ready directory of the collector; by default tmp/cmk-courier/ready of the site',
    parse: parsePath,
  },
  faulty: { kind: 'switch', describe: 'only hosts without good output' },
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
    describe: 'characters a line of the table may have; by default COLUMNS, or 200',
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
  ],
  options,
  run,
});

async function run(
  patterns: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const ready = values.ready ?? defaultReadyDirectory(context.env);
  const { socket } = placesBeside(ready);
  const show = (known: CollectorStatus) => toText(known, patterns, values, context);
  if (!values.watch) return print(show(await ask(socket, values, context)), context);
  while (!context.shutdown.aborted) {
    const text = await ask(socket, values, context).then(show, toTrouble);
    const start = values.json ? '' : clearScreen;
    await print(`${start}${text}`, context);
    await context.clock.sleep(values.interval, context.shutdown).catch(() => undefined);
  }
}

/** Cursor to the top left, and everything below it away (ECMA-48). */
const clearScreen = '\x1b[H\x1b[J';

/** A collector that is started again will answer again. */
function toTrouble(thrown: unknown): string {
  const error = asCourierError(thrown, 'asking the collector');
  if (error.code === 'INTERRUPTED') return '';
  return `${error.message} (${error.code})\n`;
}

async function ask(socket: string, values: Values, context: CommandContext) {
  const what = `no answer from the collector at ${socket}, which may be stopped (SIGSTOP)`;
  const length = { clock: context.clock, timeoutMs: values.timeout, what };
  const timeout = startTimeout(length, context.shutdown);
  try {
    return await askStatus(socket, timeout.signal);
  } finally {
    timeout.stop();
  }
}

function toText(
  known: CollectorStatus,
  patterns: readonly string[],
  values: Values,
  { clock, env }: CommandContext,
): string {
  const hosts = sortWorstFirst(known.hosts.filter(toSelection(patterns, values.faulty)));
  if (values.json) return `${JSON.stringify({ ...known, hosts })}\n`;
  const columns = Number(env['COLUMNS']);
  return toTable(known, hosts, clock.now(), values.width ?? (columns >= 20 ? columns : 200));
}

function toSelection(patterns: readonly string[], faulty: boolean): (host: HostStatus) => boolean {
  const matchers = patterns.map(globMatcher);
  return ({ host, served }) =>
    !(faulty && served === 'output') &&
    (matchers.length === 0 || matchers.some((fits) => fits(host)));
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}
