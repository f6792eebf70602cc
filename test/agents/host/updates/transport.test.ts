import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Authority, issueSelfSigned } from '../../../helpers/certificates.ts';
import { portOf } from '../../../helpers/free-port.ts';
import { skipWithout } from '../../../helpers/required-peer.ts';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host, inLong, isLong } from './host.ts';
import { makeRelease } from './packages.ts';

const release = makeRelease('1');
const tools =
  'awk cat chmod cksum cp cut date df find grep gzip head id ln ls mkdir mv openssl ps rm sed setsid sh sha256sum sleep sort sync tail tar tr uname wc xargs';

/** A PATH with the small tools and the one client. */
function pathWith(host: Host, client: string): string {
  const directory = join(host.root, `only-${client}`);
  mkdirSync(directory);
  for (const name of [...tools.split(' '), client]) {
    const file = ['/usr/bin', '/bin'].map((place) => join(place, name)).find(existsSync);
    if (file !== undefined) symlinkSync(file, join(directory, name));
  }
  host.copyUpdater((text) =>
    text.replace(/^ {4}for directory in \/usr\/xpg4.*\n.*\n {4}done\n/m, ''),
  );
  return directory;
}

async function makeWorld(t: TestContext, options: Parameters<typeof startUpdateServer>[1] = {}) {
  const server = await startUpdateServer(t, options);
  const host = new Host(t, { server });
  return { host, server };
}

for (const client of ['curl', 'wget', 'busybox']) {
  test(`TR-1: with ${client} alone a host is updated`, {
    skip: skipWithout(client) || (client !== 'curl' && inLong),
  }, async (t) => {
    const { host, server } = await makeWorld(t);
    server.repository.addRoot({ servers: [server.url] });
    host.register(server);
    host.offer(release);
    const { status, stderr } = await host.run(['update'], { PATH: pathWith(host, client) });
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(host.read('current'), `${release.hash}\n`);
    assert.deepEqual(server.kinds, ['root', 'check', 'target', 'package', 'root', 'report']);
    const { fields } = server.requests.at(-1) ?? {};
    assert.deepEqual(
      [fields?.['state'], fields?.['installed-hash'], fields?.['transport']],
      ['installed', release.hash, 'http'],
    );
  });

  test(`TR-5: with ${client} an endless answer, a slow one and a redirect end in time`, {
    skip: skipWithout(client) || inLong,
  }, async (t) => {
    const { host, server } = await makeWorld(t);
    server.repository.addRoot({ servers: [server.url] });
    host.register(server);
    host.offer(release);
    const update = () => host.update(`--client=${client}`, '--timeout=2');
    server.fail('check', { kind: 'endless' });
    assert.match((await update()).stderr, /^courier-update: E-(SIZE|NETWORK) /);
    server.fail('check', { kind: 'silence' });
    assert.match((await update()).stderr, /^courier-update: E-TIMEOUT \S+ took longer than 2s\n$/);
    server.fail('root', { kind: 'redirect', to: `${server.url}/v1/root/1` });
    assert.match(
      (await update()).stderr,
      client === 'busybox' ? /E-/ : /^courier-update: E-SERVER \S+ answered 302\n$/,
    );
    server.fail('check', { kind: 'close' });
    assert.match((await update()).stderr, /^courier-update: E-NETWORK /);
    assert.equal(host.read('current'), '');
  });
}

const authority = new Authority();
const other = new Authority('another authority');
const right = authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] });

/** An https server whose root names the authorities to trust. */
async function makeSecureWorld(
  t: TestContext,
  tls: { cert: string; key: string },
  authorities: readonly string[],
) {
  const world = await makeWorld(t, { tls });
  const ders = authorities.map((pem) => new X509Certificate(pem).raw);
  world.server.repository.addRoot({ servers: [world.server.url], authorities: ders });
  world.host.register(world.server);
  world.host.offer(release);
  return world;
}

for (const client of ['curl', 'wget']) {
  test(`TR-2: with ${client} only the authorities of the root are trusted`, {
    skip: skipWithout(client) || (client !== 'curl' && inLong),
  }, async (t) => {
    const good = await makeSecureWorld(t, right, [other.cert, authority.cert]);
    const { status, stderr } = await good.host.update(`--client=${client}`);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(good.server.requests.at(-1)?.fields['transport'], 'https');
    const wrong: readonly (readonly [cert: { cert: string; key: string }, trusted: string])[] = [
      [right, other.cert],
      [authority.issueServer({ name: 'elsewhere.example' }), authority.cert],
      [
        authority.issueServer({
          name: '127.0.0.1',
          names: ['127.0.0.1'],
          validUntil: new Date(Date.now() - 1000),
        }),
        authority.cert,
      ],
      [issueSelfSigned({ name: 'localhost', names: ['127.0.0.1'] }), authority.cert],
    ];
    for (const [tls, trusted] of isLong ? wrong : wrong.slice(0, 2)) {
      const { host, server } = await makeSecureWorld(t, tls, [trusted]);
      assert.match((await host.update(`--client=${client}`)).stderr, /^courier-update: E-TLS /);
      assert.deepEqual(server.requests, []);
    }
  });
}

test('TR-2: without authorities in the root the store of the tool decides', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeSecureWorld(t, right, []);
  assert.match((await host.update()).stderr, /^courier-update: E-TLS /);
  assert.deepEqual(server.requests, []);
});

test('TR-4: a certificate is trusted by its fingerprint, or when somebody says so', async (t) => {
  const pinned = issueSelfSigned({ name: 'localhost', names: ['127.0.0.1'] });
  const { host, server } = await makeWorld(t, { tls: pinned });
  const root = server.repository.addRoot({ servers: [server.url] });
  writeFileSync(join(host.root, 'root'), root);
  const print = new X509Certificate(pinned.cert).fingerprint256;
  const register = (...more: readonly string[]) => {
    writeFileSync(join(host.root, 'token'), `${server.addToken('web01')}\n`, { mode: 0o600 });
    const files = [`--root=${host.root}/root`, `--token-file=${host.root}/token`];
    return host.run([
      'register',
      '--host=web01',
      `--server=${server.url}`,
      '--trust-cert',
      ...files,
      ...more,
    ]);
  };
  assert.match(
    (await register()).stderr,
    /^courier-update: E-FINGERPRINT \S+ shows the certificate [0-9a-f]{64}: compare it/,
  );
  assert.match((await register(`--fingerprint=${'0'.repeat(64)}`)).stderr, /E-FINGERPRINT/);
  assert.deepEqual(server.requests, []);
  const good = await register(`--fingerprint=${print}`);
  assert.deepEqual([good.status, good.stderr], [0, '']);
  assert.equal((await host.update()).status, 0);
});

test('TR-4: --insecure is for one call, for TLS alone, and the site is told', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeSecureWorld(t, right, [other.cert]);
  server.repository.stampKeys = ['stranger'];
  assert.match((await host.update('--insecure')).stderr, /E-SIGNATURE/);
  server.repository.stampKeys = ['stamp-a'];
  assert.equal((await host.update('--insecure')).status, 0);
  assert.equal(server.requests.at(-1)?.fields['transport'], 'https-insecure');
  assert.match((await host.update()).stderr, /E-TLS/);
});

test('TR-6: plain http is asked only where it is allowed', async (t) => {
  const { host, server } = await makeWorld(t);
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  host.write('state/registration', `server ${server.url}\nhost web01\n`);
  const { status, stderr } = await host.update();
  const why = `${server.url}/v1/root/2 is asked only with allow-http yes`;
  assert.deepEqual([status, stderr], [7, `courier-update: E-PLAIN ${why}\n`]);
  assert.deepEqual(server.requests, []);
  host.offer(release);
  server.fail('package', { kind: 'status', status: 426 });
  assert.match(
    (await host.update('--allow-http=yes')).stderr,
    /^courier-update: E-PLAIN \S+: not over plain HTTP\n$/,
  );
  assert.equal(host.read('current'), '');
});

test('TR-3: the address changes by a signed root, and the one before serves until the new one has', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeWorld(t);
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  assert.equal((await host.update()).status, 0);
  server.repository.addRoot({ servers: ['http://127.0.0.1:1'] });
  host.offer(release);
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('state/server'), `${server.url}\n`);
  const moved = await startUpdateServer(t, { repository: server.repository });
  moved.addHost('web01', server.secrets.get('web01'));
  server.repository.addRoot({ servers: [moved.url] });
  assert.equal((await host.update()).status, 0);
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('state/server'), `${moved.url}\n`);
  const asked = server.requests.length;
  assert.equal((await host.update()).status, 0);
  assert.equal(server.requests.length, asked);
});

/** A proxy that hands everything on, and notes what it has been asked. */
async function startProxy(t: TestContext) {
  const asked: string[] = [];
  const proxy = createServer(async (request, response) => {
    asked.push(request.url ?? '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const answer = await fetch(request.url ?? '', {
      method: request.method ?? 'GET',
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { asked, url: `http://127.0.0.1:${portOf(proxy.address())}` };
}

for (const client of ['curl', 'wget', 'busybox']) {
  test(`TR-7: with ${client} a proxy is asked only when it is configured`, {
    skip: skipWithout(client) || (client !== 'curl' && inLong),
  }, async (t) => {
    const { host, server } = await makeWorld(t);
    server.repository.addRoot({ servers: [server.url] });
    host.register(server);
    const { asked, url } = await startProxy(t);
    const env = { http_proxy: url };
    assert.equal((await host.run(['update', `--client=${client}`], env)).status, 0);
    assert.deepEqual(asked, []);
    const proxied = await host.update(`--client=${client}`, `--proxy=${url}`);
    if (client === 'busybox') {
      assert.match(proxied.stderr, /^courier-update: E-LOCAL busybox cannot ask through a proxy/);
      return;
    }
    assert.equal(proxied.status, 0);
    assert.deepEqual(asked, [`${server.url}/v1/root/2`, `${server.url}/v1/check`]);
    if (isLong)
      assert.equal(
        (await host.run(['update', `--client=${client}`, '--proxy=environment'], env)).status,
        0,
      );
  });
}

test('TR-9: after failures a host waits longer each time, and as long as the site says', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeWorld(t);
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  server.fail('root', { kind: 'status', status: 503, retryAfterS: 30_000 });
  assert.equal((await host.update()).status, 8);
  const due = async () =>
    (await host.exec('sh', ['-c', 'cat "$0"', join(host.base, 'state/due')])).stdout.split(' ');
  const wait = ([at = '', from = '']: readonly string[]) => (toTime(at) - toTime(from)) / 1000;
  const first = wait(await due());
  assert.ok(first >= 30_000 && first <= 37_501, String(first));
  assert.deepEqual(await host.update('--if-due'), { status: 0, stdout: '', stderr: '' });
  assert.equal(server.requests.length, 1);
  server.fail('root', { kind: 'close' }, 3);
  await host.update();
  const [, , failures = ''] = await due();
  assert.equal(failures.trim(), '2');
  assert.ok(wait(await due()) > 3600);
  await host.update();
  server.mend();
  assert.equal((await host.update()).status, 0);
  assert.ok(wait(await due()) <= 5400);
});

function toTime(stamp: string): number {
  return Date.parse(stamp.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z'));
}

const fleet = isLong ? 5000 : 60;

test(`TR-9: ${fleet} hosts that all start at once ask spread over the interval`, async (t) => {
  const host = new Host(t);
  const script = [
    'COURIER_UPDATE_LIBRARY=1',
    '. "$0"',
    'i=0',
    `while [ $i -lt ${fleet} ]; do i=$((i + 1)); offset=$(printf "host%s" $i | cksum); next_due 20261128090000 3600 0 "\${offset%% *}" 0; done`,
  ].join('\n');
  const { stdout, stderr } = await host.exec('sh', ['-c', script, host.updater]);
  assert.equal(stderr, '');
  const times = stdout
    .trimEnd()
    .split('\n')
    .map((line) => toTime(line.split(' ')[0] ?? ''));
  assert.equal(times.length, fleet);
  const begin = toTime('20261128090000');
  const slots = new Map<number, number>();
  for (const time of times) {
    assert.ok(time > begin + 1_800_000 && time <= begin + 5_400_000);
    const slot = Math.floor((time - begin) / 600_000);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
  }
  assert.ok(Math.max(...slots.values()) < fleet * (isLong ? 0.2 : 0.4), JSON.stringify([...slots]));
});
