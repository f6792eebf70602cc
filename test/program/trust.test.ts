/** Whom the executable trusts, whatever Node and OpenSSL would read by themselves. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authority } from '../helpers/certificates.ts';
import { portOf } from '../helpers/free-port.ts';
import { runCourier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n';

test('with --ca nobody else is trusted, whatever the environment names', async (t) => {
  const directory = await makeTempDir(t);
  const [mine, other] = [new Authority('mine'), new Authority('other')];
  const [minePath, otherPath] = [join(directory, 'mine.pem'), join(directory, 'other.pem')];
  await writeFile(minePath, mine.cert);
  await writeFile(otherPath, other.cert);
  const { key, cert } = mine.issueServer({ name: 'localhost', names: ['127.0.0.1'] });
  const server = createServer({ key, cert }, (_, response) => response.end(output));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `https://127.0.0.1:${portOf(server.address())}/web01`;
  const fetch = async (trusted: string, options: readonly string[]) => {
    const named = { SSL_CERT_FILE: trusted, NODE_EXTRA_CA_CERTS: trusted };
    const env = { PATH: process.env['PATH'], ...named };
    const { stdout, stderr, code } = await runCourier(['fetch', '--host=web01', ...options, url], {
      env,
    });
    return code === 0 ? stdout.toString() : stderr;
  };
  const refused = /: the certificate authority is not trusted \(REFUSED\)\n$/;
  assert.equal(await fetch(otherPath, [`--ca=${minePath}`]), output);
  assert.match(await fetch(minePath, [`--ca=${otherPath}`]), refused);
  assert.equal(await fetch(minePath, []), output, 'SSL_CERT_FILE is in place of the system');
  assert.match(await fetch(otherPath, []), refused);
});
