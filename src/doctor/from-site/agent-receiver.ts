/** The receiver of the site: switched on, listening, and found by those who look for it. */

import { join } from 'node:path';
import { readWholeFile } from '../../files/file-calls.ts';
import { connectTo } from '../../transports/tcp/connecting.ts';
import { parseAgentPlace } from '../../transports/tcp/place.ts';
import { toFault } from './port.ts';
import { outsideSite, type Scene, type SiteFinding } from './scene.ts';

const connectMs = 2000;

/** `omd config` keeps its settings there (agent-receiver.md). */
export async function lookAtReceiver(
  scene: Scene,
  _: unknown,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const root = scene.context.env['OMD_ROOT'];
  if (!root) return outsideSite;
  const settings = await readWholeFile(join(root, 'etc/omd/site.conf'), 'utf8');
  const [, isOn] = /^CONFIG_AGENT_RECEIVER='?(\w+)/m.exec(settings) ?? [];
  const [, port = '8000'] = /^CONFIG_AGENT_RECEIVER_PORT='?(\d+)/m.exec(settings) ?? [];
  if (isOn === 'off') {
    return { status: 'warning', code: 'receiver-off', text: 'switched off', source: 'state' };
  }
  if (isOn === undefined) return { status: 'unknown', text: 'omd config does not tell of it' };
  try {
    const place = parseAgentPlace(`127.0.0.1:${port}`);
    const socket = await connectTo(place, connectMs, signal);
    socket.destroy();
    return { status: 'ok', text: `listens on port ${port}`, facts: { port: Number(port) } };
  } catch (error) {
    const rawError = toFault(error, signal).message;
    const text = `does not answer on port ${port}`;
    return { status: 'warning', code: 'receiver-unreachable', text, rawError };
  }
}
