/** A real squid between us and a server: plain HTTP and CONNECT. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { Authority } from '../../helpers/certificates.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import {
  type HostileServer,
  startHostileServer,
  withHostileServer,
} from '../../helpers/hostile-server.ts';
import { knownDate } from '../../helpers/known-date.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { type Squid, startSquid } from '../../helpers/squid.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, toResponse, writeSecret } from './fetching.ts';

const skip = skipWithout('squid');
const password = randomBytes(12).toString('hex');
const authority = new Authority();

const directories: string[] = [];
let directory: string;
let ca: string;
let open: Squid;
let locked: Squid;
let plain: HostileServer;
let encrypted: HostileServer;

async function makeDirectory(): Promise<string> {
  const path = await makeTempDir();
  directories.push(path);
  return path;
}

before(async () => {
  if (skip) return;
  directory = await makeDirectory();
  ca = await writeSecret(directory, 'ca.pem', authority.cert);
  plain = await startHostileServer((socket) => void socket.end(toResponse('plain')));
  encrypted = await startHostileServer((socket) => void socket.end(toResponse('encrypted')), {
    tls: authority.issueServer({ name: 'localhost' }),
  });
  // Squid's own default allows CONNECT to 443 alone; these ports are free ones.
  open = await startSquid(await makeDirectory(), {
    access: 'acl nobody dst 127.0.0.99\nhttp_access deny nobody\nhttp_access allow all',
  });
  locked = await startSquid(await makeDirectory(), { login: { user: 'site', password } });
});
after(async () => {
  if (skip) return;
  for (const peer of [open, locked]) await peer.stop();
  for (const peer of [plain, encrypted]) await peer.close();
  for (const path of directories) await removeTempDir(path);
});

const plainUrl = () => `http://127.0.0.1:${plain.port}/web01`;
const encryptedUrl = () => `https://localhost:${encrypted.port}/web01`;
const through = (port: number, user = '') => ({ proxy: [`http://${user}127.0.0.1:${port}`] });

async function ask(uri: string, options: RawOptions, env = {}): Promise<string> {
  const trust = uri.startsWith('https:') ? { ca: [ca] } : {};
  const context = makeOpenContext({ env });
  return String((await fetchOutput(uri, { ...trust, ...options }, context)).output);
}

describe('a proxy', { skip }, () => {
  test('passes http on, and is seen by the server', async () => {
    assert.equal(await ask(plainUrl(), through(open.port)), 'plain');
    assert.match(
      plain.requests.at(-1) ?? '',
      /^GET \/web01 HTTP\/1.1\r\n[\s\S]*^via: .*proxy.example/im,
    );
  });

  test('passes https on without seeing it', async () => {
    assert.equal(await ask(encryptedUrl(), through(open.port)), 'encrypted');
    assert.doesNotMatch(encrypted.requests.at(-1) ?? '', /via:|proxy/i);
  });

  test('is not used unless asked for, whatever the environment says', async () => {
    const gone = `http://127.0.0.1:${await findFreePort()}`;
    assert.equal(await ask(plainUrl(), {}, { http_proxy: gone, HTTP_PROXY: gone }), 'plain');
  });

  test('that is not there is UNREACHABLE, and named', async () => {
    const port = await findFreePort();
    const message = new RegExp(`^connecting to 127.0.0.1:${port}: connection refused$`);
    for (const url of [plainUrl(), encryptedUrl()]) {
      await expectFault(ask(url, through(port)), 'UNREACHABLE', message);
    }
  });

  test('that finds nobody is PEER for http, UNREACHABLE for https', async () => {
    const port = await findFreePort();
    await expectFault(ask(`http://127.0.0.1:${port}/`, through(open.port)), 'PEER', /answered 503/);
    await expectFault(
      ask(`https://127.0.0.1:${port}/`, through(open.port)),
      'UNREACHABLE',
      new RegExp(
        `^asking the proxy for 127.0.0.1:${port}: the proxy answered 503: it cannot connect$`,
      ),
    );
  });

  test('that does not allow it is REFUSED', async () => {
    await expectFault(ask('http://127.0.0.99/', through(open.port)), 'REFUSED', /answered 403/);
    await expectFault(
      ask('https://127.0.0.99/', through(open.port)),
      'REFUSED',
      /^asking the proxy for 127.0.0.99:443: the proxy answered 403: it does not allow this$/,
    );
  });

  test('does not get the credentials of the server over CONNECT', async () => {
    await startAndListen(async (proxy) => {
      const tokenFile = [await writeSecret(directory, 'token', 'the-token')];
      const options = { ...through(proxy.port), tokenFile };
      await expectFault(ask(encryptedUrl(), options), 'UNREACHABLE');
      assert.match(proxy.requests.join(''), /^CONNECT localhost:\d+ HTTP\/1.1\r\n/);
      assert.doesNotMatch(proxy.requests.join(''), /authorization|the-token/i);
    });
  });
});

test('a proxy does not make an old answer new', { skip }, async () => {
  const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toUTCString();
  const headers = [`Date: ${at(3600)}`, `Last-Modified: ${at(3690)}`];
  await withHostileServer(
    (socket) => void socket.end(toResponse('old', headers)),
    async ({ port }) => {
      const url = `http://127.0.0.1:${port}/`;
      const { producedAt } = await fetchOutput(url, through(open.port));
      const ageMs = Date.now() - knownDate(producedAt).getTime();
      assert.ok(ageMs >= 3_690_000 && ageMs < 3_790_000, `${ageMs} ms old`);
    },
  );
});

/** A proxy that only listens, then hangs up. */
async function startAndListen(use: (proxy: HostileServer) => Promise<void>): Promise<void> {
  const proxy = await startHostileServer((socket) => void socket.end());
  try {
    await use(proxy);
  } finally {
    await proxy.close();
  }
}

describe('a proxy that wants to know who comes', { skip }, () => {
  test('is told user and password', async () => {
    const proxyPasswordFile = [await writeSecret(directory, 'right', password)];
    const options = { ...through(locked.port, 'site@'), proxyPasswordFile };
    assert.equal(await ask(plainUrl(), options), 'plain');
    assert.equal(await ask(encryptedUrl(), options), 'encrypted');
  });

  test('refuses the wrong password and none', async () => {
    const proxyPasswordFile = [await writeSecret(directory, 'wrong', 'not-the-password')];
    for (const options of [
      { ...through(locked.port, 'site@'), proxyPasswordFile },
      through(locked.port),
    ]) {
      await expectFault(ask(plainUrl(), options), 'REFUSED', /answered 407 "Proxy Auth/);
      await expectFault(
        ask(encryptedUrl(), options),
        'REFUSED',
        /the proxy answered 407: it wants other credentials$/,
      );
    }
  });
});

describe('the proxy of the environment', { skip }, () => {
  test('is http_proxy for http and https_proxy for https', async () => {
    const gone = `127.0.0.1:${await findFreePort()}`;
    const there = `127.0.0.1:${open.port}`;
    const proxy = ['env'];
    await ask(plainUrl(), { proxy }, { http_proxy: there, https_proxy: gone });
    await ask(encryptedUrl(), { proxy }, { http_proxy: gone, HTTPS_PROXY: `http://${there}` });
    await expectFault(ask(plainUrl(), { proxy }, { http_proxy: gone }), 'UNREACHABLE');
  });

  test('is left out where no_proxy says so, and where there is none', async () => {
    const gone = `127.0.0.1:${await findFreePort()}`;
    const env = { http_proxy: gone, https_proxy: gone, no_proxy: 'localhost,127.0.0.1' };
    assert.equal(await ask(plainUrl(), { proxy: ['env'] }, env), 'plain');
    assert.equal(await ask(encryptedUrl(), { proxy: ['env'] }, env), 'encrypted');
    assert.equal(await ask(plainUrl(), { proxy: ['env'] }), 'plain');
  });

  test('may bring user and password along', async () => {
    const env = { http_proxy: `http://site:${password}@127.0.0.1:${locked.port}/` };
    assert.equal(await ask(plainUrl(), { proxy: ['env'] }, env), 'plain');
  });

  test('of a kind we do not speak is USAGE', async () => {
    for (const http_proxy of ['socks5://127.0.0.1:1080', 'https://127.0.0.1:3128', 'http://']) {
      await expectFault(ask(plainUrl(), { proxy: ['env'] }, { http_proxy }), 'USAGE');
    }
  });
});
