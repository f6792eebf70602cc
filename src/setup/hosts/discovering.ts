/**
 * The services of a host that was just made. Only a scan asks the host; what it found is then taken
 * over, but for the labels: `fix_all` would take those that the machine's own output gives it, and
 * they steer rules (rest-api.md#hosts).
 */

import { z } from 'zod';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { HostName } from '../../names/host-name.ts';
import type { RestAnswer, RestApi, RestContext } from '../rest/rest-api.ts';

/** A host that pushes is scanned in no time: its output is here already. */
const longestMs = 60_000;
const pauseMs = 500;

/**
 * Scans a host and monitors what is found.
 *
 * @returns what to say of it, the host being made whatever comes of this; empty: all went well
 * @throws the reason of the shutdown
 */
export async function discoverServices(
  api: RestApi,
  host: HostName,
  context: RestContext,
): Promise<string> {
  try {
    await start(api, host, 'refresh');
    await waitForScan(api, host, context);
    await start(api, host, 'new');
    return '';
  } catch (error) {
    context.shutdown.throwIfAborted();
    return `; ${cleanText(asCourierError(error, doing).message)}`;
  }
}

const doing = 'looking for its services';

/** A scan goes on by itself, which the site says with a redirect to where one may wait for it. */
async function start(api: RestApi, host: HostName, mode: 'refresh' | 'new'): Promise<void> {
  const answer = await api.tryToAsk({
    method: 'POST',
    path: '/domain-types/service_discovery_run/actions/start/invoke',
    doing,
    body: { host_name: host, mode },
  });
  if (!isSuccess(answer) && !(mode === 'refresh' && answer.status === 303)) {
    throw api.refuse(answer, doing);
  }
}

const run = z.object({ extensions: z.object({ active: z.boolean() }) });

async function waitForScan(api: RestApi, host: HostName, context: RestContext): Promise<void> {
  const path = `/objects/service_discovery_run/${encodeURIComponent(host)}`;
  const until = context.clock.monotonic() + longestMs;
  for (;;) {
    const { content } = await api.ask({ method: 'GET', path, doing });
    const read = run.safeParse(content);
    if (!read.success) throw new CourierError('PEER', `${doing}: the answer is not as expected`);
    if (!read.data.extensions.active) return;
    if (context.clock.monotonic() >= until) {
      throw new CourierError('TIMEOUT', `${doing}: the scan goes on; take them in Setup`);
    }
    await context.clock.sleep(pauseMs, context.shutdown);
  }
}

function isSuccess({ status }: RestAnswer): boolean {
  return status >= 200 && status < 300;
}
