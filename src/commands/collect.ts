/** `cmk-courier collect`: keeps fetching, so that the site need not wait. */

import { once } from 'node:events';
import { brokerOptions } from '../broker/options.ts';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseDiskSize, parseNumberWithin, parsePath, parseText } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import type { Collector } from '../collector/collector.ts';
import { poolOptions } from '../collector/pool/options.ts';
import type { CollectorSettings } from '../collector/settings.ts';
import { CourierError, quote } from '../faults/errors.ts';
import type { Forwarder } from '../forwarding/forwarder.ts';
import type { SpoolBounds } from '../forwarding/open-forwarder.ts';
import { forwardOptions } from '../forwarding/options.ts';
import type { Logger } from '../logging/log.ts';
import { metricsListen } from '../metrics/options.ts';
import { withConfiguration } from '../service/configured-command.ts';
import { statusPageOptions, toPageSettings } from '../status-page/options.ts';
import { defaultMaxSkewMs } from '../times/skew.ts';

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
  metricsListen,
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
  ...forwardOptions,
  ...brokerOptions,
  brokerSite: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'the site as which outputs go into the broker; in a site its own name',
    parse: parseText,
  },
  ...statusPageOptions,
  ...poolOptions,
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
  ],
  options,
  keepsFiles: { options: ['ready', 'spool', 'forwardSpool', 'statusState'] },
  run,
});

export const collect: CommandModule = withConfiguration(command, 'collector.yaml', ['check']);

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
  const page = await openPage(values, settings, { ...context, log });
  const forwarder = await openForwarding(values, settings, { ...context, log });
  const broker = await openBroker(values, settings, { ...context, log });
  const pooled = await joinPool(values, { ...context, log });
  const senders = [forwarder, broker, pooled?.outlet].filter((outlet) => outlet !== undefined);
  const shared = {
    outlets: [...senders, ...page.outlets],
    sealWay: forwarder ? 'carried' : broker && 'passed',
    pool: pooled?.pool,
  } as const;
  const collector = new Collector({ ...settings, ...shared }, { ...context, log });
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
    await stopAll(senders);
    throw error;
  });
  forwarder?.start();
  page.start(collector);
  pooled?.way.start();
  const metrics = await listenForMetrics(values, collector, log);
  await ready();
  if (!context.shutdown.aborted) await once(context.shutdown, 'abort');
  metrics?.close();
  await page.stop();
  await pooled?.way.stop();
  const stopped = collector.stop();
  await manager.stopping();
  await stopped;
  await stopAll(senders);
  log.info({}, 'ended');
}

async function stopAll(senders: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(senders.map((sender) => sender.stop()));
}

async function openPage(
  values: Values,
  places: Pick<CollectorSettings, 'routesPath' | 'spoolDirectory'>,
  context: CommandContext,
) {
  const { CollectorPage } = await import('../status-page/collector-page.ts');
  return CollectorPage.prepare(toPageSettings('collector', values, context.env), places, context);
}

/** Nothing of it is loaded without `--broker`. */
async function openBroker(
  { broker, brokerSite, ...values }: Values,
  { spoolDirectory: spool, maxSpoolBytes: maxBytes, maxSpoolHosts: maxHosts }: SpoolBounds,
  context: CommandContext,
) {
  if (broker === undefined) return undefined;
  const site = brokerSite ?? context.env['OMD_SITE'];
  if (site === undefined) throw new CourierError('USAGE', '--broker-site is missing');
  const { OutputBroker } = await import('../broker/output-broker.ts');
  const { BrokerOutlet } = await import('../collector/broker-outlet.ts');
  const limits = { maxBytes, maxHosts, maxSkewMs: defaultMaxSkewMs };
  const settings = { ...values, broker, site, spool, ...limits };
  return new BrokerOutlet(await OutputBroker.open(settings, context), context);
}

async function listenForMetrics(values: Values, collector: Collector, log: Logger) {
  if (values.metricsListen === undefined) return undefined;
  const { serveMetrics } = await import('../collector/serving-metrics.ts');
  return serveMetrics(values.metricsListen, collector, log);
}

/** Undefined for a collector that asks all hosts, which loads nothing of it. */
async function joinPool(values: Values, context: CommandContext) {
  if (values.pool === undefined) return undefined;
  const { openPool } = await import('../collector/pool/open-pool.ts');
  return openPool(values, context);
}

/** Undefined for a collector that is no relay, which loads nothing of it. */
async function openForwarding(
  values: OptionValues<typeof options>,
  bounds: SpoolBounds,
  context: CommandContext,
): Promise<Forwarder | undefined> {
  if (values.forward.length === 0) return undefined;
  const { openForwarder } = await import('../forwarding/open-forwarder.ts');
  return openForwarder(values, bounds, context);
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

async function toSettings(values: Values, { env }: CommandContext) {
  const { defaultRoutesPath } = await import('../routes/load.ts');
  const { defaultReadyDirectory } = await import('../ready/places.ts');
  const { defaultSpoolDirectory } = await import('../spool/directories.ts');
  return {
    routesPath: values.routes ?? defaultRoutesPath(env),
    readyDirectory: values.ready ?? defaultReadyDirectory(env),
    spoolDirectory: values.spool ?? defaultSpoolDirectory(env),
    maxSpoolBytes: values.spoolSize,
    maxSpoolHosts: values.spoolHosts,
  };
}
