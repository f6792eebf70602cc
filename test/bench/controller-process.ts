/**
 * Agent controllers in a process of their own, in plain and in TLS mode, until stdin ends. Writes
 * the site's files into the directory given and prints the two ports.
 */

import { startAgentController } from '../peers/agent-controller.ts';
import { theConnection, writeSiteFiles } from '../transports/tcp/site.ts';
import { sampleOutput } from './sample-output.ts';

const [directory = '.'] = process.argv.slice(2);
const output = sampleOutput();
const agent = async () => output;

await writeSiteFiles(directory);
const plain = await startAgentController({ agent });
const secured = await startAgentController({ agent, connections: [theConnection()] });
process.stdout.write(`${plain.port} ${secured.port}\n`);
process.stdin.on('end', () => process.exit()).resume();
