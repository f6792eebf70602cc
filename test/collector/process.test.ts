/** What becomes of the site when something happens to the collector. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processSpace } from '../../src/system/processes.ts';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type CollectorSite, makeOutput, makeSite } from './running-collector.ts';

const timeout = 120_000;

/** Output is good for three seconds, and asked for every second. */
const routes = `
defaults: { maxAge: 3s, deadline: 2s, every: 1s }
routes:
  - hosts: [web01, web02]
    sources: DROPS/{host}
  - hosts: dead
    sources: http://127.0.0.1:9/{host}
`;

async function startSite(site: CollectorSite, text = routes): Promise<void> {
  site.writeRoutes(text.replaceAll('DROPS', join(site.root, 'drops')));
  site.drop('web01');
  site.drop('web02');
  await site.start();
}

/** The time of a file is that of the kernel's last tick. */
const tickMs = 10;

/** Asks until the site has to fetch by itself; what it got before was good when it was asked for. */
async function askUntilFallback(site: CollectorSite): Promise<void> {
  const producedAtMs = statSync(join(site.root, 'drops/web01')).mtimeMs;
  for (;;) {
    const askedAtMs = Date.now();
    const { stdout, status } = site.ask('web01');
    if (stdout === 'FALLBACK\n') return;
    assert.equal(status, 0);
    assert.ok(askedAtMs - producedAtMs < 3000 + tickMs, `${askedAtMs - producedAtMs} ms old`);
    await sleep(50);
  }
}

test('hosts are asked over and over, and the site gets what they have at once', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  await startSite(site);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  const newer = makeOutput('web01');
  site.drop('web01', newer);
  await site.until(() => site.ask('web01').stdout === newer);
  await site.until(() => site.ask('dead').status === 5);
  assert.equal(
    site.ask('dead').stderr,
    'cmk-courier: http: dead: connecting to 127.0.0.1:9: connection refused (UNREACHABLE)\n',
  );
  assert.equal(site.ask('unknown').stdout, 'FALLBACK\n');
  const { stderr } = await site.end('SIGTERM');
  assert.match(stderr, /"msg":"ended"\}\n$/);
});

test('after kill -9 nothing is served past its expiry, and the next collector goes on', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  for (let round = 0; round < 3; round += 1) {
    await startSite(site);
    await site.until(() => site.ask('web01').stdout.includes('"web01"'));
    await site.end('SIGKILL');
    await askUntilFallback(site);
  }
  await startSite(site);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
});

test('while it is stopped the site falls back, and when it goes on it is served again', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  await startSite(site);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  site.signal('SIGSTOP');
  await askUntilFallback(site);
  assert.equal(site.status(), undefined);
  site.signal('SIGCONT');
  site.drop('web01');
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
});

test('a host whose output gets too old is a fault, not old output', { timeout }, async (t) => {
  const site = await makeSite(t);
  await startSite(site);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  await site.until(() => site.ask('web01').status === 10);
  assert.match(
    site.ask('web01').stderr,
    /web01 is (?:just over )?\d+s old, allowed are 3s \(STALE\)\n$/,
  );
  site.drop('web01');
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
});

test('a broken routes file changes nothing, and a good one takes effect without a gap', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  await startSite(site, routes.replaceAll('3s', '10m'));
  await site.until(() => site.ask('web02').stdout.includes('"web02"'));
  site.writeRoutes('routes: []\n');
  site.signal('SIGHUP');
  await site.until(() => site.status()?.reloadFault !== undefined);
  assert.match(site.status()?.reloadFault, /routes\.yaml:1: routes must not be empty$/);
  assert.match(site.ask('web01').stdout, /"web01"/);
  const good = routes.replaceAll('DROPS', join(site.root, 'drops')).replaceAll('3s', '10m');
  site.writeRoutes(good.replace('[web01, web02]', '[web01, web03]'));
  site.drop('web03');
  site.signal('SIGHUP');
  await site.until(() => {
    assert.match(site.ask('web01').stdout, /"web01"/);
    return site.ask('web03').stdout.includes('"web03"');
  });
  assert.equal(site.status()?.reloadFault, undefined);
  assert.equal(site.ask('web02').stdout, 'FALLBACK\n');
});

test('a mistake in the host list is told until it is mended', { timeout }, async (t) => {
  const site = await makeSite(t);
  const list = join(site.root, 'hosts.txt');
  writeFileSync(list, 'web03\n');
  await startSite(site, `collector: { hostList: ${list} }\n${routes}`);
  writeFileSync(list, 'web03\nweb 4!\n');
  await site.until(() => site.status()?.reloadFault !== undefined);
  assert.match(site.status()?.reloadFault, /hosts\.txt:2: /);
  writeFileSync(list, 'web03\nweb04\n');
  await site.until(() => site.status()?.reloadFault === undefined);
});

test('a host the site asks for is collected from then on, with its address', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  await startSite(site, `${routes}  - { hosts: 'db*', sources: 'DROPS/{address}', maxAge: 10m }\n`);
  site.drop('127.0.0.7');
  const fetched = spawnSync(courier, ['fetch', '--host=db01', '--address=127.0.0.7'], {
    env: site.environment,
  });
  assert.match(fetched.stdout.toString(), /"127\.0\.0\.7"/, fetched.stderr.toString());
  await site.until(() => site.ask('db01').stdout.includes('"127.0.0.7"'));
});

test('a second collector does not start beside the first', { timeout }, async (t) => {
  const site = await makeSite(t);
  await startSite(site);
  const second = spawnSync(courier, ['collect', `--ready=${site.ready}`], {
    env: site.environment,
  });
  assert.equal(second.status, 4);
  assert.match(
    second.stderr.toString(),
    /^cmk-courier: collect: another collector is running: it answers at .*\/collector\.sock \(LOCAL\)\n$/,
  );
});

test('of twenty collectors that start together one runs, whatever a dead one has left', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  await startSite(site);
  await site.end('SIGKILL');
  const beside = dirname(site.ready);
  writeFileSync(join(beside, 'collector.sock.lock'), `${await processSpace()} 999999 dead\n`);
  const args = ['collect', `--ready=${site.ready}`];
  const started = Array.from({ length: 20 }, () => start(courier, args, { env: site.environment }));
  const running = new Set(started);
  t.after(() => {
    for (const { pid } of running) process.kill(pid, 'SIGKILL');
  });
  const ended = started.map(async (one) => {
    const { code, stderr } = await one.ended;
    running.delete(one);
    return { code, stderr };
  });
  await site.until(() => running.size === 1);
  site.drop('web01');
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  for (const { pid } of running) process.kill(pid, 'SIGTERM');
  const all = await Promise.all(ended);
  const losers = all.filter(({ code }) => code === 4);
  assert.equal(losers.length, 19);
  for (const { stderr } of losers) assert.match(stderr, /another collector is running/);
});

/** A file system in memory with room for a few files, which only root can make. */
function mountTiny(directory: string): boolean {
  mkdirSync(directory);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', directory]).status === 0;
}

test('a full directory in memory makes the site fall back, and room in it is used again', {
  timeout,
}, async (t) => {
  const mount = join(await makeTempDir(), 'memory');
  if (!mountTiny(mount)) return t.skip('needs to mount a tmpfs');
  t.after(() => spawnSync('umount', ['-l', mount]));
  const site = await makeSite(t, join(mount, 'ready'));
  await startSite(site);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  spawnSync('dd', ['if=/dev/zero', `of=${join(mount, 'filler')}`, 'bs=4k']);
  site.drop('web01', `${makeOutput('web01')}${'x'.repeat(8000)}\n`);
  await site.until(() => site.ask('web01').stdout === 'FALLBACK\n');
  assert.equal(statSync(join(mount, 'filler')).isFile(), true);
  rmSync(join(mount, 'filler'));
  writeFileSync(join(site.root, 'drops/web01'), makeOutput('web01'));
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
});
