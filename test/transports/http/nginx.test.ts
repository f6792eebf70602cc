/** A real nginx over plain HTTP: credentials, statuses, codings, ages, redirects, addresses. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { http } from '../../../src/transports/http/http.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { knownDate } from '../../helpers/known-date.ts';
import { type Nginx, startNginx } from '../../helpers/nginx.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { storePassword } from '../../helpers/password-store.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, target, toSource, writeSecret } from './fetching.ts';

const token = randomBytes(16).toString('hex');
const password = randomBytes(16).toString('hex');
const output = `<<<check_mk>>>\n${'Version: 2.4.0\n'.repeat(200)}`;

function toServers(port: number, directory: string): string {
  return `server {
    listen 127.0.0.1:${port};
    listen [::1]:${port};
    root ${directory}/outputs;
    location /basic/ {
      auth_basic site; auth_basic_user_file ${directory}/htpasswd; alias ${directory}/outputs/;
    }
    location /bearer/ {
      if ($http_authorization != "Bearer ${token}") { return 401; }
      alias ${directory}/outputs/;
    }
    location /header/ {
      if ($http_x_api_key != "${token}") { return 403; }
      alias ${directory}/outputs/;
    }
    location /echo { return 200 "$http_user_agent|$http_x_site|$host|$http_accept"; }
    location /gzip/ { gzip on; gzip_min_length 1; gzip_types *; alias ${directory}/outputs/; }
    location /static/ { gzip_static on; alias ${directory}/outputs/; }
    location ~ ^/status/(?<code>204|403|404|410|500|503|206|302)$ { error_page 599 @x; try_files /none @$code; }
    ${[204, 206, 401, 403, 404, 410, 500, 503].map((code) => `location @${code} { return ${code}; }`).join('\n')}
    location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
    location /address { return 200 $remote_addr; }
  }`;
}

const skip = skipWithout('nginx');

let directory: string;
let nginx: Nginx;
let base: string;
let port: number;

before(async () => {
  if (skip) return;
  directory = await makeTempDir();
  port = await findFreePort();
  base = `http://127.0.0.1:${port}`;
  await mkdir(join(directory, 'outputs'));
  await writeFile(join(directory, 'outputs/web01'), output);
  await writeFile(join(directory, 'outputs/web01.gz'), gzipSync(output));
  await writeSecret(directory, 'htpasswd', `si te:{PLAIN}${password}\n`);
  nginx = await startNginx(directory, toServers(port, directory));
});
after(async () => {
  if (skip) return;
  await nginx.stop();
  await removeTempDir(directory);
});

const secret = (name: string, content: string) => writeSecret(directory, name, content);

describe('credentials', { skip }, () => {
  test('Basic: user and password from a file', async () => {
    const passwordFile = [await secret('password', `${password}\n`)];
    const options = { user: ['si te'], passwordFile };
    assert.equal(String((await fetchOutput(`${base}/basic/{host}`, options)).output), output);
    const wrong = { ...options, user: ['other'] };
    await expectFault(
      fetchOutput(`${base}/basic/{host}`, wrong),
      'REFUSED',
      /\/basic\/web01: the peer answered 401 "Unauthorized", saying "401 Authorization Required"$/,
    );
    await expectFault(fetchOutput(`${base}/basic/{host}`), 'REFUSED');
  });

  test('Basic: the password from the password store', async () => {
    const { reference, env } = await storePassword(directory, password);
    const options = { user: ['si te'], passwordId: [reference] };
    const context = makeOpenContext({ env });
    const { output: fetched } = await fetchOutput(`${base}/basic/{host}`, options, context);
    assert.equal(String(fetched), output);
  });

  test('a bearer token from a file', async () => {
    const tokenFile = [await secret('token', token)];
    await fetchOutput(`${base}/bearer/{host}`, { tokenFile });
    const wrong = { tokenFile: [await secret('wrong', 'another')] };
    await expectFault(fetchOutput(`${base}/bearer/{host}`, wrong), 'REFUSED');
  });

  test('secret headers from a file', async () => {
    const headerFile = [await secret('headers', `X-Api-Key: ${token}\r\n\nX-Other: 1\n`)];
    await fetchOutput(`${base}/header/{host}`, { headerFile });
    await expectFault(fetchOutput(`${base}/header/{host}`), 'REFUSED', /403 "Forbidden"$/);
  });

  test('extra headers, in place of the usual ones where they have the same name', async () => {
    const usual = await fetchOutput(`${base}/echo`);
    assert.equal(String(usual.output), 'cmk-courier||127.0.0.1|*/*');
    const header = [
      'X-Site: central',
      'user-agent: me',
      'Host: depot.example',
      'Accept: text/plain',
    ];
    const { output: echoed } = await fetchOutput(`${base}/echo`, { header });
    assert.equal(String(echoed), 'me|central|depot.example|text/plain');
  });
});

describe('a status', { skip }, () => {
  const expected = [
    [204, 'NO_OUTPUT'],
    [206, 'PEER'],
    [403, 'REFUSED'],
    [404, 'NO_OUTPUT'],
    [410, 'NO_OUTPUT'],
    [500, 'PEER'],
    [503, 'PEER'],
  ] as const;
  for (const [status, code] of expected) {
    test(`of ${status} is ${code}`, async () => {
      const message = new RegExp(`^${base}/status/${status}: the peer answered ${status} "`);
      await expectFault(fetchOutput(`${base}/status/${status}`), code, message);
    });
  }
});

describe('a coding', { skip }, () => {
  test('made on the way is undone', async () => {
    assert.equal(String((await fetchOutput(`${base}/gzip/{host}`)).output), output);
  });

  test('made beforehand is undone', async () => {
    assert.equal(String((await fetchOutput(`${base}/static/{host}`)).output), output);
  });

  test('that the file itself has is left for the pipeline', async () => {
    const { output: body } = await fetchOutput(`${base}/web01.gz`);
    assert.deepEqual(body, gzipSync(output));
  });
});

describe('the age', { skip }, () => {
  test('is that of the file', async () => {
    const path = join(directory, 'outputs/web01');
    for (const ageS of [0, 90, 86_400]) {
      const modified = new Date(Math.floor(Date.now() / 1000 - ageS) * 1000);
      await utimes(path, modified, modified);
      const { producedAt } = await fetchOutput(`${base}/{host}`);
      const offMs = Math.abs(knownDate(producedAt).getTime() - modified.getTime());
      assert.ok(offMs <= 2000, `${offMs} ms off`);
    }
  });

  test('of a page made on demand is nothing', async () => {
    const context = makeOpenContext();
    const { producedAt } = await fetchOutput(`${base}/echo`, {}, context);
    assert.ok(Math.abs(Date.now() - knownDate(producedAt).getTime()) < 60_000);
  });
});

describe('a redirect', { skip }, () => {
  test('is not followed unless asked for', async () => {
    await expectFault(
      fetchOutput(`${base}/moved/{host}`),
      'PEER',
      /\/moved\/web01: the peer answered 302 "Moved Temporarily"; --redirects N follows it$/,
    );
  });

  test('is followed as often as asked for', async () => {
    const { output: body, origin } = await fetchOutput(`${base}/moved/moved/{host}`, {
      redirects: ['2'],
    });
    assert.equal(String(body), output);
    assert.equal(origin, `${base}/web01`);
    const fewer = fetchOutput(`${base}/moved/moved/{host}`, { redirects: ['1'] });
    await expectFault(fewer, 'PEER', /^http:\S+\/moved\/web01: more redirects than the allowed 1$/);
  });
});

describe('an address', { skip }, () => {
  test('may be IPv6', async () => {
    const { output: address } = await fetchOutput(`http://[::1]:${port}/address`);
    assert.equal(String(address), '::1');
  });

  test('is of the family asked for', async () => {
    const ask = (family: string) =>
      fetchOutput(`http://localhost:${port}/address`, { family: [family] });
    assert.equal(String((await ask('4')).output), '127.0.0.1');
    await expectFault(
      fetchOutput(`http://[::1]:${port}/address`, { family: ['4'] }),
      'UNREACHABLE',
    );
  });
});

test('keeps a connection for the next fetch, and gets it back in close', { skip }, async () => {
  await withTransport(http, toSource(`${base}/{host}`), makeOpenContext(), async (transport) => {
    for (const _ of [1, 2, 3]) {
      await transport.fetch(target, new AbortController().signal);
      assert.equal(await nginx.countConnections(), 1);
    }
  });
  await assertSoonEmpty('connections of nginx', async () =>
    Array.from({ length: await nginx.countConnections() }),
  );
});
