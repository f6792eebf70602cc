/** What goes wrong on the site at the wrong moment, by accident or on purpose. */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { sendPackage } from '../../src/updates/server/packages.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { portOf } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('TR-5: a host that breaks off before its package is on its way keeps no place', async (t) => {
  const path = join(await makeTempDir(t), 'package');
  await writeFile(path, 'content', { mode: 0o600 });
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const socket = connect(portOf(server.address()), '127.0.0.1').end(
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  const [request, response] = await once(server, 'request');
  socket.destroy();
  await once(response, 'close');
  const exchange = { request, response, params: {}, address: '', note: {}, isRoutine: false };
  const nothing = () => undefined;
  const sending = sendPackage(path, exchange, { done: nothing, ended: nothing });
  await expectFault(sending, 'USAGE', /connection was lost/);
});
