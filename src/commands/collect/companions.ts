/** All that may run beside the collector: its options, and how it is opened. Each is loaded only where it is used. */

import { brokerOptions } from '../../broker/options.ts';
import type { CommandContext } from '../../cli/command.ts';
import { parseText } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { type Companion, Companions } from '../../collector/companion.ts';
import { poolOptions } from '../../collector/pool/options.ts';
import type { CollectorSettings } from '../../collector/settings.ts';
import { CourierError } from '../../faults/errors.ts';
import { forwardOptions } from '../../forwarding/options.ts';
import type { MetricsServer } from '../../metrics/metrics-server.ts';
import { metricsListen } from '../../metrics/options.ts';
import { statusPageOptions, toPageSettings } from '../../status-page/options.ts';
import { defaultMaxSkewMs } from '../../times/skew.ts';

export const companionOptions = {
  metricsListen,
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

type Values = OptionValues<typeof companionOptions>;
type Places = Omit<CollectorSettings, 'outlets' | 'pool' | 'sealWay'>;

/** Undefined where the options do not ask for it, and then nothing of it is loaded. */
type OpenCompanion = (
  values: Values,
  places: Places,
  context: CommandContext,
) => Promise<Companion | undefined>;

const openForwarding: OpenCompanion = async (values, places, context) => {
  if (values.forward.length === 0) return undefined;
  const { openForwarder } = await import('../../forwarding/open-forwarder.ts');
  const forwarder = await openForwarder(values, places, context);
  return {
    outlets: [forwarder],
    settings: { sealWay: 'carried' },
    begin: () => forwarder.start(),
    end: () => forwarder.stop(),
  };
};

const openBroker: OpenCompanion = async ({ broker, brokerSite, ...values }, places, context) => {
  if (broker === undefined) return undefined;
  const site = brokerSite ?? context.env['OMD_SITE'];
  if (site === undefined) throw new CourierError('USAGE', '--broker-site is missing');
  const { OutputBroker } = await import('../../broker/output-broker.ts');
  const { BrokerOutlet } = await import('../../collector/broker-outlet.ts');
  const { spoolDirectory: spool, maxSpoolBytes: maxBytes, maxSpoolHosts: maxHosts } = places;
  const limits = { maxBytes, maxHosts, maxSkewMs: defaultMaxSkewMs };
  const settings = { ...values, broker, site, spool, ...limits };
  const outlet = new BrokerOutlet(await OutputBroker.open(settings, context), context);
  return { outlets: [outlet], settings: { sealWay: 'passed' }, end: () => outlet.stop() };
};

const laidHereOnly =
  'without forward or broker, what each member of the pool fetches is ready on its own machine only: a site there has nothing of the hosts of the others';

const openPool: OpenCompanion = async (values, _places, context) => {
  if (values.pool === undefined) return undefined;
  const opening = await import('../../collector/pool/open-pool.ts');
  const { pool, way, outlet } = opening.openPool({ ...values, pool: values.pool }, context);
  if (values.forward.length === 0 && values.broker === undefined)
    context.log.warn({}, laidHereOnly);
  return {
    outlets: [outlet],
    settings: { pool },
    begin: () => way.start(),
    leave: () => way.stop(),
  };
};

/** Also without a page of its own: one elsewhere may ask. */
const openPage: OpenCompanion = async (values, places, context) => {
  const { CollectorPage } = await import('../../status-page/collector-page.ts');
  const settings = toPageSettings('collector', values, context.env);
  const page = new CollectorPage(settings, places, context);
  return {
    outlets: page.outlets,
    begin: (collector) => page.start(collector),
    leave: () => page.stop(),
  };
};

const openMetrics: OpenCompanion = async ({ metricsListen: at }, _places, { log }) => {
  if (at === undefined) return undefined;
  const { serveMetrics } = await import('../../collector/serving-metrics.ts');
  let server: MetricsServer | undefined;
  return {
    begin: async (collector) => {
      server = await serveMetrics(at, collector, log);
    },
    leave: () => server?.close(),
  };
};

/** In the order in which they begin; of settings of two the later one counts. */
const all: readonly OpenCompanion[] = [openForwarding, openBroker, openPage, openPool, openMetrics];

/**
 * Those that the options ask for; nothing is left open when it rejects.
 *
 * @throws CourierError USAGE, CONFIG, LOCAL
 */
export async function openCompanions(
  values: Values,
  places: Places,
  context: CommandContext,
): Promise<Companions> {
  const opened: Companion[] = [];
  try {
    for (const open of all) {
      const companion = await open(values, places, context);
      if (companion !== undefined) opened.push(companion);
    }
  } catch (error) {
    await new Companions(opened).end();
    throw error;
  }
  return new Companions(opened);
}
