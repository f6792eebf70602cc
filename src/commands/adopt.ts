/** `cmk-courier adopt`: hosts that push to the receiver become hosts in Checkmk. */

import { join } from 'node:path';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseNumberWithin, parsePath, parsePositiveDuration } from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, withFlag } from '../cli/options.ts';
import { CourierError, quote, stderrLine } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { makeDirectory } from '../files/file-calls.ts';
import { parseHostName } from '../names/host-name.ts';
import { receiverPlaces } from '../receiver/options.ts';
import type { Candidate, LabelWish } from '../setup/hosts/adopting.ts';
import { siteOptions } from '../setup/rest/site-options.ts';
import { parseFolder } from '../setup/rules/selection.ts';

const options = {
  folder: {
    kind: 'value',
    placeholder: 'FOLDER',
    describe: 'the folder they all get into, which has to be there, such as /pushed',
    parse: parseFolder,
    required: true,
  },
  label: {
    kind: 'list',
    placeholder: 'NAME[:VALUE]',
    describe:
      'a label they get as cmk-courier/NAME: with VALUE, or with what the machine says of itself under NAME',
    parse: parseWish,
  },
  withAddress: {
    kind: 'switch',
    describe: 'give them the address they registered from; without it they have none',
  },
  specialAgent: {
    kind: 'switch',
    describe: 'they are looked at by special agents only, as with `rule install --special-agent`',
  },
  discover: {
    kind: 'switch',
    describe: 'look for their services as well; labels their output gives them are left alone',
  },
  activate: { kind: 'switch', describe: 'activate, unless changes of others wait as well' },
  watch: { kind: 'switch', describe: 'stay, and look again and again' },
  every: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'with --watch: how often',
    parse: parsePositiveDuration,
    fallback: '1m',
  },
  perHour: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'how many hosts may be made within an hour; others come later',
    parse: parseNumberWithin(1, 10_000),
    fallback: '60',
  },
  dryRun: { kind: 'switch', describe: 'only say what would be done' },
  state: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'where the receiver keeps its hosts',
    parse: parsePath,
  },
  ...siteOptions,
} as const satisfies OptionTable;

export type AdoptValues = OptionValues<typeof options>;

export const adopt: CommandModule = defineCommand({
  summary: 'make hosts in Checkmk of hosts that push to the receiver and are not there yet',
  usage: 'adopt --folder=FOLDER [NAME…]',
  examples: [
    ['adopt --folder=/pushed --dry-run', 'which registered hosts would be made'],
    ['adopt --folder=/pushed web01', 'only this one; it may also send with a token'],
    [
      'adopt --folder=/pushed --watch --discover --activate',
      'a machine that registers is monitored without a hand on it',
    ],
    ['adopt --folder=/pushed --label=cmk/os_family', 'as label cmk-courier/os_family'],
  ],
  options,
  keepsFiles: { options: ['state'] },
  run,
});

async function run(
  operands: readonly string[],
  values: AdoptValues,
  context: CommandContext,
): Promise<void> {
  const names = operands.map((operand) => withFlag('NAME', () => parseHostName(operand)));
  const { adopting, findNothing } = await prepare(names, values, context);
  if (!values.watch) {
    const { lines, failure } = await adopting.round();
    const isNothing = lines.length === 0 && failure === undefined;
    await print(isNothing ? [await findNothing()] : lines, context);
    if (failure !== undefined) throw failure;
    return;
  }
  if (values.dryRun) throw new CourierError('USAGE', '--watch and --dry-run exclude each other');
  await watch(adopting, values.every, context);
}

type Adopting = Awaited<ReturnType<typeof prepare>>['adopting'];

async function prepare(
  names: readonly Candidate['host'][],
  values: AdoptValues,
  context: CommandContext,
) {
  const [{ Round }, { RestApi }, { findAccess }, { HourlyCap }] = await Promise.all([
    import('../setup/hosts/round.ts'),
    import('../setup/rest/rest-api.ts'),
    import('../setup/rest/site-options.ts'),
    import('../setup/hosts/hourly-cap.ts'),
  ]);
  const state = receiverPlaces(values, context.env).state();
  const api = new RestApi(await findAccess(values, context), context);
  if (!values.dryRun) await makeDirectory(state, { recursive: true, mode: 0o700 });
  const cap = new HourlyCap(join(state, 'adopted.json'), values.perHour);
  const how = { ...values, labels: values.label, isDry: values.dryRun };
  const findCandidates = () => readCandidates(state, names);
  const { discover, activate, watch: stays } = values;
  const task = { api, cap, how, findCandidates, discover, activate, stays };
  const findNothing = async () =>
    (await findCandidates()).length === 0
      ? `no host is registered to push in ${state}`
      : 'every host that pushes is in Checkmk already';
  return { adopting: new Round(task, context), findNothing };
}

/** Those that are registered to push; those that are named, whatever they are. */
async function readCandidates(
  state: string,
  names: readonly Candidate['host'][],
): Promise<readonly Candidate[]> {
  const { openState } = await import('../receiver/administration/state.ts');
  const { hosts, requests } = await openState(state);
  const asked = await requests.list();
  const registered = (await hosts.list()).flatMap(({ host, uuid, mode }) => {
    const request = asked.find((one) => one.uuid === uuid && one.host === host);
    const about = { address: request?.address, labels: request?.labels ?? {} };
    const isMeant =
      names.length === 0 ? mode === 'push-agent' : names.some((name) => name === host);
    return isMeant ? [{ host: parseHostName(host), ...about }] : [];
  });
  const known = new Set(registered.map(({ host }) => host));
  const others = names.filter((name) => !known.has(name));
  return [...registered, ...others.map((host) => ({ host, address: undefined, labels: {} }))];
}

/** Rounds without end: what goes wrong in one is told once, and tried again in the next. */
async function watch(adopting: Adopting, everyMs: number, context: CommandContext): Promise<void> {
  context.stay?.({ graceMs: 2000, onHangup: () => undefined });
  let told = '';
  for (;;) {
    const failure = await adopting.round().then(
      async ({ lines, failure }) => {
        await print(lines, context);
        return failure;
      },
      (error: unknown) => asCourierError(error, 'adopting'),
    );
    context.shutdown.throwIfAborted();
    const line = failure === undefined ? '' : `${stderrLine(failure, ['adopt'])}\n`;
    if (line !== told && line !== '') context.writeError(line);
    told = line;
    await context.clock.sleep(everyMs, context.shutdown);
  }
}

/** `env:prod` or `cmk/os_family`. */
function parseWish(raw: string): LabelWish {
  const [, name, value] = /^([\w./-]{1,100})(?::([\w.+@-][\w.+@ /-]{0,99}))?$/.exec(raw) ?? [];
  if (name !== undefined) return { name, value };
  throw new CourierError('USAGE', `must be NAME or NAME:VALUE, not ${quote(raw)}`);
}

async function print(lines: readonly string[], { writeOutput }: CommandContext): Promise<void> {
  if (lines.length === 0) return;
  await writeOutput(Buffer.from(lines.map((line) => `${line}\n`).join('')));
}
