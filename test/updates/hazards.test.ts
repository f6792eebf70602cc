/** What goes wrong on the site at the wrong moment, by accident or on purpose. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import './cheap-scrypt.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { openDocument } from '../../src/updates/documents/verifying.ts';
import { requireNewestRoot } from '../../src/updates/repository/root-files.ts';
import { sendPackage } from '../../src/updates/server/packages.ts';
import { StampSigner } from '../../src/updates/signing/stamps.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { portOf } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeReadyServer } from './server-kit.ts';

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

const request = {
  host: parseHostName('web01'),
  nonce: undefined,
  decision: 'none',
  target: undefined,
  intervalSeconds: 3600,
} as const;

test('KM-7: a crash between a root and its stamp key loses no key and stops no server', async (t) => {
  const server = await makeReadyServer(t);
  const { places, clock } = server;
  await server.must('root', 'stamp-key', '--draft');
  const kept = join(places.directory, 'kept');
  await mkdir(kept);
  const files = { old: places.stampKey, next: `${places.stampKey}.next` };
  const all = { ...files, draft: join(places.roots, 'draft') };
  for (const [name, path] of Object.entries(all)) await copyFile(path, join(kept, name));
  await server.must('root', 'sign');
  const crash = async () => {
    for (const [name, path] of Object.entries(all)) await copyFile(join(kept, name), path);
  };
  await crash();
  assert.match((await server.run('root', 'discard')).errors, /no root is drafted \(USAGE\)/);
  const { root } = await requireNewestRoot(places);
  await openDocument(await new StampSigner(places, clock).sign(request), 'stamp', root);
  await crash();
  await server.must('root', 'stamp-key', '--draft');
  await openDocument(await new StampSigner(places, clock).sign(request), 'stamp', root);
  await server.must('root', 'sign');
  assert.equal((await requireNewestRoot(places)).root.version, 3);
});

test('a backup goes into the file that is named, also one with a colon in its name', async (t) => {
  const server = await makeReadyServer(t);
  const here = process.cwd();
  const directory = await makeTempDir(t);
  t.after(() => process.chdir(here));
  process.chdir(directory);
  const { output } = await server.run('backup', '10:30.tgz');
  assert.match(output, /^\d+ bytes in 10:30\.tgz/);
  assert.deepEqual(await readdir(directory), ['10:30.tgz']);
});
