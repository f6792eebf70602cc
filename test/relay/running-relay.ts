/** A relay in this process: a collector whose hosts have files, and its way to receivers. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawOptions } from '../../src/cli/options.ts';
import { parseOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Collector } from '../../src/collector/collector.ts';
import type { ForwardingStatus } from '../../src/collector/status-shape.ts';
import { openForwarder } from '../../src/forwarding/open-forwarder.ts';
import { forwardOptions } from '../../src/forwarding/options.ts';
import type { Metric } from '../../src/metrics/metric.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { type CollectingLog, makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type RunningReceiver, site } from '../receiver/running-receiver.ts';

export interface RelayWish {
  readonly hosts: readonly string[];
  /** Further settings of its one route. */
  readonly route?: string;
  readonly options?: RawOptions;
  readonly clock?: Clock;
  /** That of a relay before it. */
  readonly directory?: string;
}

export interface RunningRelay {
  readonly directory: string;
  readonly log: CollectingLog;
  status(): ForwardingStatus;
  metrics(): readonly Metric[];
  /** The host is asked at once. */
  drop(host: string, text: string | Buffer): void;
  /** As `collect` ends on SIGTERM. */
  stop(): Promise<void>;
}

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

function urlOf({ port }: Pick<RunningReceiver, 'port'>): string {
  return `https://127.0.0.1:${port}/${site}`;
}

/** A token for some hosts, in a file. */
export async function makeTokenFile(
  receiver: RunningReceiver,
  hosts: readonly string[],
  name = 'far1',
): Promise<string> {
  const path = join(await makeTempDir(), 'token');
  writeFileSync(path, await receiver.makeAccess({ hosts, name }), { mode: 0o600 });
  return path;
}

/** Each drop holds a time, so that no two are alike. */
export function makeOutput(host: string, text = ''): string {
  return `<<<check_mk>>>\nVersion: 2.4.0\n<<<local:sep(0)>>>\n0 "${host}" - ${text} ${Date.now()}\n`;
}

export async function startRelay(
  owner: Owner,
  receivers: readonly Pick<RunningReceiver, 'port' | 'certificates'>[],
  wish: RelayWish,
): Promise<RunningRelay> {
  const directory = wish.directory ?? (await makeTempDir());
  const drops = join(directory, 'drops');
  mkdirSync(drops, { recursive: true });
  const routesPath = join(directory, 'routes.yaml');
  const route = wish.route ?? 'every: 1s, maxAge: 1h';
  writeFileSync(
    routesPath,
    `routes: [{ name: far, hosts: [${wish.hosts.join(', ')}], sources: '${drops}/{host}', ${route} }]`,
  );
  const log = makeCollectingLog();
  const clock = wish.clock ?? systemClock;
  const context = { ...makeCommandContext(), clock, log, env: process.env };
  const bounds = { maxSpoolBytes: 1e9, maxSpoolHosts: 10_000 };
  const settings = {
    ...{ routesPath, readyDirectory: join(directory, 'ready'), ...bounds },
    spoolDirectory: join(directory, 'spool'),
  };
  const [first] = receivers;
  const values = parseOptions(forwardOptions, {
    forward: receivers.map(urlOf),
    ca: [join(first?.certificates.directory ?? '', 'ca.pem')],
    contact: ['1s'],
    ...wish.options,
  });
  const forwarder = await openForwarder(values, settings, context);
  const collector = new Collector(
    { ...settings, outlets: [forwarder], sealWay: 'carried' },
    context,
  );
  const stop = async () => {
    await collector.stop();
    await forwarder.stop();
  };
  owner.after(stop);
  await collector.start();
  forwarder.start();
  return {
    ...{ directory, log, stop },
    status: () => forwarder.toStatus().forwarding,
    metrics: () => forwarder.toMetrics(),
    drop: (host, text) => {
      writeFileSync(join(drops, host), text);
      collector.fetchNow(parseHostName(host));
    },
  };
}

/** Looks now and then, and leaves the processor to those it waits for. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
