/** A remote site between hosts and the centre: what it hands on, keeps and refuses. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { splitEnvelope } from '../../src/sealing/envelope.ts';
import { readStamp } from '../../src/updates/documents/stamp.ts';
import { readHostTargets, writeHostTargets } from '../../src/updates/repository/host-targets.ts';
import { writeSites } from '../../src/updates/repository/sites.ts';
import { Identities } from '../../src/updates/server/identities.ts';
import { sha256 } from '../peers/update-documents.ts';
import { startLiar, startRemoteSite } from './remote-kit.ts';
import { ask, type UpdateAnswer, UpdateClient } from './update-client.ts';
import { markConfidential, startUpdateSite } from './update-site.ts';

function stampOf({ body }: UpdateAnswer) {
  return readStamp(splitEnvelope(body, ['key']).payload);
}

test('DS-1, DS-2: a remote hands on byte for byte, and keeps for a host what the centre has signed', async (t) => {
  const centre = await startUpdateSite(t);
  const remote = await startRemoteSite(t, centre);
  const pack = randomBytes(300_000);
  const published = await centre.publish('web01', pack);
  const client = await remote.client('web01');
  const stamp = await client.check();
  assert.deepEqual(stampOf(stamp).target, { counter: 1, sha256: published.targetSha256 });
  const target = await client.target(published.targetSha256);
  assert.equal(sha256(target.body), published.targetSha256);
  assert.deepEqual((await client.package(published.packageSha256)).body, pack);
  assert.match((await client.report({ state: 'installed' })).text, /^say taken$/m);
  assert.deepEqual((await client.root(1)).body, readFileSync(join(centre.places.roots, '1.root')));
  assert.equal((await client.root(2)).status, 404);
  await centre.receiver.stop();
  // The stamp of before, for another nonce; and what this host had been allowed to have.
  assert.deepEqual((await client.check()).body, stamp.body);
  assert.equal(sha256((await client.target(published.targetSha256)).body), published.targetSha256);
  assert.deepEqual((await client.package(published.packageSha256)).body, pack);
  assert.equal((await client.root(1)).status, 200);
  const silent = await client.report();
  assert.deepEqual(
    [silent.status, /^the centre of agent updates cannot be asked: /.test(silent.text)],
    [502, true],
  );
  assert.equal(await remote.count('stale_total'), 1);
  assert.equal(await remote.count('misses_total'), 1);
  // Nothing here could pass for a host or sign anything.
  const kept = readdirSync(remote.cache, { recursive: true, encoding: 'utf8' }).sort();
  assert.deepEqual(
    kept.filter((path) => path.includes('/')),
    [
      `packages/${published.packageSha256}`,
      'roots/1.root',
      'stamps/web01.stamp',
      `targets/${published.targetSha256}`,
    ],
  );
});

test('DS-2: a kept stamp outlives the remote, and is gone when it has expired', async (t) => {
  const centre = await startUpdateSite(t);
  const remote = await startRemoteSite(t, centre);
  await centre.publish('web01', randomBytes(1000));
  const client = await remote.client('web01');
  const stamp = await client.check();
  await centre.receiver.stop();
  await remote.restart();
  assert.deepEqual((await client.check()).body, stamp.body);
  const path = join(remote.cache, 'stamps', 'web01.stamp');
  writeFileSync(path, stamp.text.replace('decision offer', 'decision none '), { mode: 0o600 });
  assert.equal((await client.check()).status, 502);
  assert.deepEqual(readdirSync(join(remote.cache, 'stamps')), []);
});

test('DS-3: 200 hosts at once, one fetch of the package and one of the root', async (t) => {
  const centre = await startUpdateSite(t);
  const remote = await startRemoteSite(t, centre);
  const pack = randomBytes(40_000);
  const published = await centre.publish('web01', pack);
  await remote.client('web01');
  const names = Array.from({ length: 200 }, (_, index) => `host${index}`);
  await writeHostTargets(
    centre.places.published,
    new Map(names.map((name) => [parseHostName(name), published])),
  );
  const clients = names.map((name) => {
    const client = new UpdateClient(remote.plainUrl, name, randomBytes(32).toString('hex'));
    // The centre has never heard of this host, so its counter has to be above the time.
    client.counter = 20_991_128_090_000;
    const about = { rotate: false, registeredAt: '', registeredFrom: '' };
    const identity = { host: name, secret: client.secret, ...about };
    const path = join(centre.places.hosts, 'secrets', `${name}.json`);
    writeFileSync(path, JSON.stringify(identity), { mode: 0o600 });
    return client;
  });
  await Promise.all(clients.map((client) => client.root(1)));
  // The registration, root 1, and that there is no root 2.
  assert.equal(await remote.count('calls_total'), 3);
  const before = await remote.count('bytes_total');
  const answers = await Promise.all(
    clients.map((client) => client.package(published.packageSha256)),
  );
  const wrong = answers.filter(({ status, body }) => status !== 200 || !body.equals(pack));
  assert.deepEqual(
    wrong.map(({ status, text }) => [status, text.slice(0, 300)]),
    [],
  );
  // Each host's own MAC went to the centre, and the bytes came from there once.
  assert.equal(await remote.count('calls_total'), 203);
  assert.equal((await remote.count('bytes_total')) - before, pack.length);
  assert.equal(await remote.count('misses_total'), 1);
});

test('DS-3, DS-4: what the centre withdraws, and hosts it does not know, get nothing that is kept', async (t) => {
  const centre = await startUpdateSite(t);
  const remote = await startRemoteSite(t, centre);
  const published = await centre.publish('web01', randomBytes(5000));
  const client = await remote.client('web01');
  await client.check();
  assert.equal((await client.package(published.packageSha256)).status, 200);
  const other = await remote.client('web02');
  const refused = [403, 'not allowed (REFUSED)\n'];
  const foreign = await other.package(published.packageSha256);
  assert.deepEqual([foreign.status, foreign.text], refused);
  const forged = await client.package(published.packageSha256, { key: '1'.repeat(64) });
  assert.deepEqual([forged.status, forged.text], refused);
  await client.check();
  assert.equal((await client.package(published.packageSha256)).status, 200);
  const all = new Map(await readHostTargets(centre.places.published));
  const newer = await centre.publish('web01', randomBytes(5000));
  assert.equal(stampOf(await client.check()).target?.sha256, newer.targetSha256);
  const withdrawn = await client.package(published.packageSha256);
  assert.deepEqual([withdrawn.status, withdrawn.text], refused);
  await writeHostTargets(centre.places.published, all);
  const identities = await Identities.open(centre.places);
  await identities.update(
    parseHostName('web01'),
    (before) => before && { ...before, revokedAt: 'now' },
  );
  assert.equal((await client.package(published.packageSha256)).status, 403);
  await centre.receiver.stop();
  assert.equal((await client.package(published.packageSha256)).status, 502);
  assert.equal((await client.check()).status, 502);
});

test('DS-3: updates turned off for one host are off for all, also while the centre is away', async (t) => {
  const centre = await startUpdateSite(t);
  const remote = await startRemoteSite(t, centre);
  await centre.publish('web01', randomBytes(100));
  await centre.publish('web02', randomBytes(100));
  const [one, two] = [await remote.client('web01'), await remote.client('web02')];
  await one.check();
  await two.check();
  await centre.turn(false);
  assert.equal(stampOf(await two.check()).decision, 'disabled');
  await centre.receiver.stop();
  assert.equal((await one.check()).status, 502);
  assert.equal(stampOf(await two.check()).decision, 'disabled');
});

test('TR-6: a confidential package passes a remote over TLS alone, and stays nowhere', async (t) => {
  const centre = await startUpdateSite(t);
  const remote = await startRemoteSite(t, centre);
  const pack = randomBytes(5000);
  const published = await centre.publish('web01', pack);
  await markConfidential(centre.places, published.packageSha256);
  const client = await remote.client('web01', remote.url);
  client.standing = { transport: 'https' };
  await client.check();
  assert.deepEqual((await client.package(published.packageSha256)).body, pack);
  assert.deepEqual(readdirSync(join(remote.cache, 'packages')), []);
  client.standing = { transport: 'http' };
  await client.check();
  assert.equal((await client.package(published.packageSha256)).status, 426);
});

test('DS-6: a centre and hosts that know nothing of remotes and sites are served as well', async (t) => {
  const centre = await startUpdateSite(t);
  const old = await startLiar(t, centre.plainUrl);
  const digest = sha256(readFileSync(join(centre.places.roots, '1.root')));
  const over = { updatesFrom: [old.url], updatesFromCa: [], updatesFromRoot: [digest] };
  const remote = await startRemoteSite(t, centre, over);
  const pack = randomBytes(5000);
  const published = await centre.publish('web01', pack);
  await writeSites(centre.places, [{ name: 'a', server: centre.plainUrl, patterns: ['*'] }]);
  const client = await remote.client('web01');
  // The centre sends the package again, since it does not see that the remote has it.
  for (const _ of ['first', 'second']) {
    assert.deepEqual((await client.package(published.packageSha256)).body, pack);
  }
  assert.equal(await remote.count('misses_total'), 1);
  assert.match(
    (await client.check()).text,
    /^format cmk-courier-stamp\/1\n(?:.+\n)*interval \d+\n--/,
  );
  client.standing = { updater: '2' };
  const server = `server ${centre.plainUrl}\n-- signatures\n`;
  const { text } = await client.check();
  assert.ok(text.startsWith('format cmk-courier-stamp/2\n') && text.includes(server), text);
  const other = { ...over, updatesFromRoot: ['0'.repeat(64)] };
  const stranger = await startRemoteSite(t, centre, other);
  assert.equal((await ask(`${stranger.plainUrl}/v1/root/1`, 'GET')).status, 502);
});

test('what the remote is told has to go together', async (t) => {
  const centre = await startUpdateSite(t);
  const { status } = await ask(`${centre.plainUrl}/v1/root/1`, 'GET');
  assert.equal(status, 200);
  const rejects = (options: Readonly<Record<string, readonly string[]>>, message: RegExp) =>
    assert.rejects(startRemoteSite(t, centre, options), { code: 'USAGE', message });
  await rejects({ updates: ['/tmp/x'] }, /^--updates and --updates-from exclude each other$/);
  await rejects(
    { updatesFrom: [centre.plainUrl], updatesFromCa: [] },
    /^--updates-from over http needs --updates-from-root/,
  );
  await rejects({ updatesCacheSize: ['1MB'] }, /^--updates-cache-size must be 64MiB or more/);
  await rejects({ updatesFrom: ['ftp://centre'] }, /^--updates-from must be an address such as/);
});
