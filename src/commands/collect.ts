/** `cmk-courier collect`: keeps fetching, so that the site need not wait. */

import { once } from 'node:events';
import { type CommandContext, defineCommand } from '../cli/command.ts';
import { parseDiskSize, parseNumberWithin, parsePath } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { type ConfiguredCommand, withConfiguration } from '../service/configured-command.ts';
import { companionOptions, openCompanions } from './collect/companions.ts';

const options = {
  routes: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'the routes file; by default routes.yaml of the site or user',
    parse: parsePath,
  },
  ready: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'where output is laid ready, in memory; by default tmp/cmk-courier/ready of the site',
    parse: parsePath,
  },
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'where the last good output is kept; by default var/cmk-courier/spool of the site',
    parse: parsePath,
  },
  check: {
    kind: 'switch',
    describe: 'only say whether the routes and the host list could be taken into force',
  },
  spoolSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'keep no further output when the spool is so large',
    parse: parseDiskSize,
    fallback: '10GB',
  },
  spoolHosts: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'hosts the spool has room for',
    parse: parseNumberWithin(1, 1_000_000),
    fallback: '20000',
  },
  ...companionOptions,
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

const command = defineCommand({
  summary: 'keep fetching every route that has an interval, and lay the output ready',
  usage: 'collect',
  examples: [
    ['collect', 'in a site, with etc/cmk-courier/routes.yaml and, if it is there, collector.yaml'],
    ['collect --routes=routes.yaml --ready=/run/courier/ready --spool=spool', 'anywhere else'],
    [
      'collect --forward=https://monitor.example:8000/mysite --token-file=relay.token --ca=ca.pem',
      'a relay: sends all of it to the receiver of a site (docs/relay.md)',
    ],
    [
      'collect --forward=https://monitor.example:8000/mysite --token-file=relay.token --ca=ca.pem --pool=nats://broker1,broker2 --broker-user=collector --broker-password-file=collector.password',
      'the same, with the hosts shared among several such collectors',
    ],
  ],
  options,
  keepsFiles: { options: ['ready', 'spool', 'forwardSpool', 'statusState'] },
  run,
});

export const collect: ConfiguredCommand = withConfiguration(command, 'collector.yaml', ['check']);

/** How long ending may take: cycles are ended, the spool finishes what it writes. */
const graceMs = 10_000;

/** Ends when a signal asks for it, and then as well as any success. */
async function run(
  [operand]: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  if (operand !== undefined) {
    throw new CourierError('USAGE', `collect takes options only, not ${quote(operand)}`);
  }
  if (values.check) return checkRoutes(values.routes, context);
  const settings = await toSettings(values, context);
  await allowGarbage();
  const { Collector } = await import('../collector/collector.ts');
  const { makeJsonLog } = await import('../logging/json-log.ts');
  const { ServiceManager } = await import('../system/service-manager.ts');
  const log = makeJsonLog('info', context.writeError);
  const companions = await openCompanions(values, settings, { ...context, log });
  const { outlets, settings: further } = companions;
  const collector = new Collector({ ...settings, outlets, ...further }, { ...context, log });
  const manager = new ServiceManager(context.env, log);
  const ready = () =>
    manager.ready(
      () => collector.isWell,
      () => 'collecting',
    );
  const reload = async () => {
    await manager.reloading();
    await collector.reload();
    await ready();
  };
  context.stay?.({ graceMs, onHangup: () => void reload() });
  await collector.start().catch(async (error: unknown) => {
    await companions.leave();
    await companions.end();
    throw error;
  });
  await companions.begin(collector);
  await ready();
  if (!context.shutdown.aborted) await once(context.shutdown, 'abort');
  await companions.leave();
  const stopped = collector.stop();
  await manager.stopping();
  await stopped;
  await companions.end();
  log.info({}, 'ended');
}

/** As the collector does at its start and when it is to reload. */
async function checkRoutes(given: string | undefined, context: CommandContext): Promise<void> {
  const { defaultRoutesPath } = await import('../routes/load.ts');
  const { RoutesInForce } = await import('../collector/routes-in-force.ts');
  const { withTransport } = await import('../transports/transport.ts');
  const path = given ?? defaultRoutesPath(context.env);
  const { hostList } = (await RoutesInForce.load(path, context, withTransport)).routes.collector;
  if (hostList === undefined) return;
  const { readHostList } = await import('../collector/host-list.ts');
  readHostList(hostList);
}

/**
 * Outputs lie outside of V8's heap, but count as if they made it grow: unless it may treble, a third
 * of all time goes into looking for garbage where there is none. Given to the program at its start,
 * the flag would cost each command a third more, as Node could not use its own code cache.
 */
async function allowGarbage(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--heap-growing-percent=200');
}

async function toSettings(values: Values, { env, configuration }: CommandContext) {
  const { defaultRoutesPath } = await import('../routes/load.ts');
  const { defaultReadyDirectory } = await import('../ready/places.ts');
  const { defaultSpoolDirectory } = await import('../spool/directories.ts');
  return {
    routesPath: values.routes ?? defaultRoutesPath(env),
    readyDirectory: values.ready ?? defaultReadyDirectory(env),
    spoolDirectory: values.spool ?? defaultSpoolDirectory(env),
    maxSpoolBytes: values.spoolSize,
    maxSpoolHosts: values.spoolHosts,
    configuration,
  };
}
