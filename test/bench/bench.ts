/** `npm run bench`: figures to compare, from turns taken on the same machine. */

import { cpus } from 'node:os';
import { benchInterrupt } from './interrupt.ts';
import { benchStartup } from './startup.ts';
import { benchThroughput } from './throughput.ts';

const turns = Number(process.env['TURNS'] ?? 40);

const { model = 'unknown processor' } = cpus()[0] ?? {};
process.stdout.write(
  `${cpus().length} × ${model}, Node ${process.versions.node}, ${turns} turns\n\n`,
);
for (const bench of [() => benchStartup(turns), benchThroughput, () => benchInterrupt(turns)]) {
  process.stdout.write(`${await bench()}\n\n`);
}
