/**
 * What the hosts of a far network have, in the namespace it was started in: a web server, agents on
 * port 6556 of an address each, and drops in a directory and in a spool that are renewed.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { systemClock } from '../../../src/clock.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { Spool } from '../../../src/spool/spool.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';

const names = z.array(z.string());
const asked = z.object({
  ...{ directory: z.string(), everyMs: z.number(), webPort: z.number() },
  ...{ file: names, spool: names, hostOfAddress: z.record(z.string(), z.string()) },
});
const wish = asked.parse(await json(process.stdin));

/** As agents/site scripts of this test print it, too. */
function makeOutput(host: string): string {
  return `<<<check_mk>>>\nVersion: 2.4.0\n<<<local:sep(0)>>>\n0 "${host}" - ${Date.now()}\n`;
}

createServer((request, response) => {
  response.end(makeOutput((request.url ?? '').slice(1)));
}).listen(wish.webPort, '127.0.0.1');

createTcpServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(makeOutput(wish.hostOfAddress[socket.localAddress ?? ''] ?? 'nobody'));
}).listen(6556, '0.0.0.0', () => process.stdout.write('ready\n'));

const drops = join(wish.directory, 'drops');
mkdirSync(drops, { recursive: true });
const spool = await Spool.open({
  ...{ directory: join(wish.directory, 'pushed'), maxBytes: 1e9, maxHosts: 1000 },
  ...{ log: makeCollectingLog(), clock: systemClock, isDurable: false },
});
for (;;) {
  for (const host of wish.file) {
    writeFileSync(join(drops, `.${host}`), makeOutput(host));
    renameSync(join(drops, `.${host}`), join(drops, host));
  }
  for (const name of wish.spool) {
    const host = parseHostName(name);
    const now = new Date();
    const about = { host, producedAt: now, receivedAt: now, origin: 'upload far' };
    await spool.put({ ...about, output: Buffer.from(makeOutput(name)) });
  }
  await sleep(wish.everyMs);
}
