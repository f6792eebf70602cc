/** `/metrics` and `/healthz` of the collector. */

import type { ListenAddress } from '../cli/listen-address.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { MetricsServer } from '../metrics/metrics-server.ts';
import type { Collector } from './collector.ts';
import { collectorPrefix } from './measures.ts';

/**
 * An address that cannot be listened at is told in the log and no more: hosts are asked all the
 * same.
 */
export async function serveMetrics(
  at: ListenAddress,
  collector: Collector,
  log: Logger,
): Promise<MetricsServer> {
  const server = new MetricsServer({
    prefix: collectorPrefix,
    findTrouble: () => collector.findTrouble(),
    toMetrics: () => collector.toMetrics(),
  });
  try {
    const port = await server.listen(at);
    log.info({ port }, 'metrics are told');
  } catch (thrown) {
    const { code, message } = asCourierError(thrown, 'listening for metrics');
    log.warn({ code }, `no metrics: ${message}`);
  }
  return server;
}
