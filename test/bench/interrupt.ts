/** How long a fetch lives on after SIGTERM, at random moments of its life. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { courier, start } from '../helpers/run-program.ts';
import { median } from './interleave.ts';

/** One line: median and maximum of the time from SIGTERM to the end. */
export async function benchInterrupt(turns: number): Promise<string> {
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const running = start(courier, ['fetch', '--host=web01', `http://127.0.0.1:${port}/`]);
    await sleep(Math.random() * 120);
    const startMs = performance.now();
    process.kill(running.pid, 'SIGTERM');
    await running.ended;
    times.push(performance.now() - startMs);
  }
  silent.close();
  return `SIGTERM to the end, ms       median ${median(times).toFixed(1)}, max ${Math.max(...times).toFixed(1)}`;
}
