/** Agents of web01 that tests talk to, and what comes of it. */

import type { RawOptions } from '../../../src/cli/options.ts';
import type { CollectingContext } from '../../helpers/open-context.ts';
import type { Misbehaviour } from '../../peers/agent-controller/misbehaviours.ts';
import {
  type AgentController,
  type ControllerSettings,
  withAgentController,
} from '../../peers/agent-controller.ts';
import { theConnection } from './site.ts';
import { fetchOutput, lineOf } from './sources.ts';

export const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');

/** How a fetch is made. */
interface Fetch {
  readonly options?: RawOptions;
  readonly context?: CollectingContext;
}

/** The line with which a fetch from such a controller ends, its address and port as `HOST`. */
export async function lineFrom(
  settings: Partial<ControllerSettings>,
  { options = {}, context }: Fetch = {},
): Promise<string> {
  return withAgentController({ agent: async () => output, ...settings }, async ({ port }) => {
    const place = `127.0.0.1:${port}`;
    const line = await lineOf(fetchOutput(`tcp://${place}`, options, context));
    return line.replace(place, 'HOST');
  });
}

/** The same for what answers without being a controller at all. */
export async function lineFromStranger(
  instead: Misbehaviour,
  options: RawOptions = {},
): Promise<string> {
  return lineFrom({ deviations: { instead } }, { options });
}

/** What a controller with the registration of web01 delivers. */
export async function fetchFromTls(
  settings: Partial<ControllerSettings>,
  { options = {}, context }: Fetch,
  watch: (controller: AgentController) => void = () => undefined,
): Promise<Buffer> {
  const usual = { agent: async () => output, connections: [theConnection()] };
  return withAgentController({ ...usual, ...settings }, async (controller) => {
    const fetched = fetchOutput(`tcp://127.0.0.1:${controller.port}`, options, context);
    const delivery = await fetched;
    watch(controller);
    return delivery.output;
  });
}
