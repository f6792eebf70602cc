/** `cmk-courier hostcheck`: a host check command for hosts that cannot be pinged. */

import { type CommandContext, type CommandModule, defineCommand } from '../command.ts';
import { CourierError, cleanText } from '../errors.ts';
import { formatDuration } from '../fetching/durations.ts';
import { type HostName, parseHostName } from '../host-name.ts';
import { parseDuration, parsePath } from '../option-types.ts';
import type { OptionTable, OptionValues } from '../options.ts';
import { findReadyDirectory } from '../ready/places.ts';
import { readReady } from '../ready/reading.ts';
import { systemUptime } from '../ready/uptime.ts';
import { defaultSpoolDirectory } from '../spool/directories.ts';
import { readSpooled } from '../spool/reading.ts';

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
    describe: 'where the last good output is; by default var/cmk-courier/spool of the site',
    parse: parsePath,
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how old output in the spool may be for the host to be up',
    parse: parseDuration,
    fallback: '5m',
  },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const hostcheck: CommandModule = defineCommand({
  summary: 'say whether a host is up, by its agent output: a plug-in for host checks',
  usage: 'hostcheck HOST',
  examples: [
    ['hostcheck $HOSTNAME$', 'UP (0) with fresh output, DOWN (2) without, else UNKNOWN (3)'],
    ['hostcheck $HOSTNAME$ --max-age=15m', 'for hosts that push seldom'],
  ],
  options,
  isPlugin: true,
  run,
});

/** What Nagios and Checkmk make of a host check (Nagios plug-in API). */
const exitCodes = { UP: 0, DOWN: 2 } as const;

interface Verdict {
  readonly state: keyof typeof exitCodes;
  readonly text: string;
  readonly metrics?: string;
}

async function run(
  operands: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const { state, text, metrics } = await judge(operands, values, context);
  const performance = metrics === undefined ? '' : ` | ${metrics}`;
  await context.writeOutput(Buffer.from(`${state} - ${cleanText(text)}${performance}\n`));
  context.exitWith?.(exitCodes[state]);
}

async function judge(
  [name, extra]: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<Verdict> {
  if (name === undefined || extra !== undefined) {
    throw new CourierError('USAGE', 'hostcheck needs one HOST');
  }
  const host = parseHostName(name);
  return judgeReady(host, values, context) ?? (await judgeSpool(host, values, context));
}

/** What the collector has found out lately is the answer. */
function judgeReady(host: HostName, values: Values, context: CommandContext): Verdict | undefined {
  const { clock, env } = context;
  const directory = values.ready ?? findReadyDirectory(env);
  if (directory === undefined) return undefined;
  const found = readReady(directory, host, { clock, uptime: systemUptime() });
  if (found?.kind === 'fault') return { state: 'DOWN', text: found.line };
  if (found === undefined) return undefined;
  const left = formatDuration(found.validMs);
  return { state: 'UP', text: `fresh output of ${host} is ready, good for ${left}` };
}

async function judgeSpool(
  host: HostName,
  { spool, maxAge }: Values,
  { clock, env, log }: CommandContext,
): Promise<Verdict> {
  const found = await readSpooled(spool ?? defaultSpoolDirectory(env), host, log);
  if (found === undefined) return { state: 'DOWN', text: `there is no output of ${host}` };
  const ageMs = clock.now() - found.producedAt.getTime();
  const age = formatDuration(Math.max(0, ageMs));
  const metrics = `age=${Math.round(ageMs / 1000)}s;;${Math.round(maxAge / 1000)}`;
  const isFresh = ageMs <= maxAge;
  const allowed = isFresh ? '' : `, allowed are ${formatDuration(maxAge)}`;
  const text = `output of ${host} is ${age} old${allowed}, from ${found.origin}`;
  return { state: isFresh ? 'UP' : 'DOWN', text, metrics };
}
