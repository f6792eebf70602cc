/** An Agent Controller in the namespace that it was started in; what it shows comes by stdin. */

import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { startAgentController } from '../../peers/agent-controller.ts';

const connection = z.object({
  uuid: z.string(),
  rootCert: z.string(),
  cert: z.string(),
  key: z.string(),
});

const asked = z.object({ output: z.string(), address: z.string(), connection });
const { output, address, connection: shown } = asked.parse(await json(process.stdin));
const agent = async () => Buffer.from(output);
const controller = await startAgentController({ agent, address, connections: [shown] });
process.stdout.write(`${controller.port}\n`);
