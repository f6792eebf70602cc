/** `npm run bench`: figures to compare, from turns taken on the same machine. */

import { cpus } from 'node:os';
import { benchAgentPort } from './agent-port.ts';
import { benchInterrupt } from './interrupt.ts';
import { benchReadyPath } from './ready-path.ts';
import { benchManySenders, benchReceiver } from './receiver.ts';
import { benchSealed } from './sealed.ts';
import { benchStartup } from './startup.ts';
import { benchManyHosts, benchSweep } from './sweep.ts';
import { benchThroughput } from './throughput.ts';
import { benchTools } from './tools.ts';

const turns = Number(process.env['TURNS'] ?? 40);

const { model = 'unknown processor' } = cpus()[0] ?? {};
process.stdout.write(
  `${cpus().length} × ${model}, Node ${process.versions.node}, ${turns} turns\n\n`,
);
const benches = [
  () => benchStartup(turns),
  () => benchSealed(turns),
  () => benchReadyPath(turns),
  () => benchTools(turns),
  () => benchAgentPort(turns),
  () => benchThroughput(),
  () => benchInterrupt(turns),
  () => benchReceiver(),
  () => benchManySenders(),
  () => benchSweep(),
  () => benchManyHosts(),
];
for (const bench of benches) {
  process.stdout.write(`${await bench()}\n\n`);
}
