/** A worker that lets the link `web01` lead to one target, then the other, as fast as it can. */

import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

const { drops, targets } = workerData;

function lead(target: string): void {
  symlinkSync(target, join(drops, '.next'));
  renameSync(join(drops, '.next'), join(drops, 'web01'));
}

for (const target of targets) lead(target);
parentPort?.postMessage('there');
for (;;) for (const target of targets) lead(target);
