/** courier-update on a host, the centre, and between them a remote site: an honest one, and others. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { updates } from '../../src/commands/updates.ts';
import { keepRoot } from '../../src/updates/repository/root-files.ts';
import { Host } from '../agents/host/updates/host.ts';
import { makeRelease } from '../agents/host/updates/packages.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeRoot, signed, writeRoot } from '../peers/update-documents.ts';
import { type Change, startLiar, startRemoteSite } from './remote-kit.ts';
import { startUpdateSite, type UpdateSite } from './update-site.ts';

const missing = ['dash', 'curl', 'openssl'].map(skipWithout).find((reason) => reason !== false);
const needed = { skip: missing ?? false };

/** A host that has registered at a server. */
async function makeHost(t: TestContext, site: UpdateSite, server = site.plainUrl): Promise<Host> {
  const host = new Host({ after: (cleanUp) => t.after(cleanUp) });
  const tokenFile = join(host.root, 'token');
  writeFileSync(tokenFile, `${await site.token('web01')}\n`, { mode: 0o600 });
  const where = [`--server=${server}`, '--allow-http=yes', `--token-file=${tokenFile}`];
  const root = `--root=${join(site.places.roots, '1.root')}`;
  const { status, stderr } = await host.run(['register', ...where, root]);
  assert.deepEqual([status, stderr], [0, '']);
  return host;
}

/** The next root of a site, as `updates root server` makes it. */
async function nameServers(site: UpdateSite, version: number, servers: readonly string[]) {
  const root = makeRoot({ version, servers });
  await keepRoot(site.places, { root, bytes: signed(writeRoot(root), ['root-a']) });
}

/** Runs `updates sites …` on a site. */
async function sites(site: UpdateSite, verb: string, ...operands: readonly string[]) {
  const group = await updates.commands?.['sites']?.load();
  const command = await group?.commands?.[verb]?.load();
  const context = makeCommandContext();
  const json = verb === 'show' ? { json: ['true'] } : {};
  await command?.run({ operands, options: { dir: [site.places.directory], ...json } }, context);
  return context.said.output;
}

const on = (kind: string, how: (body: Buffer) => Buffer | undefined): Change => {
  return (body, path) => (path.startsWith(`/v1/${kind}`) ? how(body) : body);
};

/** A host before a lying remote, a release that it is offered, and what another host is offered. */
async function makeLies(t: TestContext) {
  const site = await startUpdateSite(t);
  const liar = await startLiar(t, site.plainUrl);
  const host = await makeHost(t, site, liar.url);
  const other = makeRelease('9');
  const foreign = await site.publish('web02', other.bytes, other.hash);
  const stranger = await site.client('web02');
  const foreignStamp = (await stranger.check()).body;
  const foreignTarget = (await stranger.target(foreign.targetSha256)).body;
  const release = makeRelease('1');
  await site.publish('web01', release.bytes, release.hash);
  const update = () => host.run(['update', `--server=${liar.url}`]);
  const refuses = async (code: string, how: Change) => {
    liar.lie(how);
    const { status, stderr } = await update();
    assert.match(stderr, new RegExp(`^courier-update: ${code} `, 'm'));
    assert.notEqual(status, 0);
    assert.equal(host.read('current'), '');
  };
  return { site, liar, host, update, refuses, release, other, foreignStamp, foreignTarget };
}

test(
  'DS-1: a remote that alters, cuts, mixes, replays or withholds is caught by the host',
  needed,
  async (t) => {
    const { refuses, ...world } = await makeLies(t);
    let oldStamp: Buffer = Buffer.alloc(0);
    const withhold = (body: Buffer) => {
      oldStamp = body;
      return undefined;
    };
    await refuses('E-SERVER', on('check', withhold));
    const flip = (body: Buffer) =>
      Buffer.concat([Buffer.from([(body[0] ?? 0) ^ 1]), body.subarray(1)]);
    await refuses('E-DIGEST', on('package', flip));
    await refuses(
      'E-SIZE',
      on('package', (body) => body.subarray(0, -1)),
    );
    const swap = (body: Buffer) =>
      Buffer.concat([world.other.bytes, body]).subarray(0, body.length);
    await refuses('E-DIGEST', on('package', swap));
    await refuses(
      'E-DIGEST',
      on('target', () => world.foreignTarget),
    );
    await refuses(
      'E-AUDIENCE',
      on('check', () => world.foreignStamp),
    );
    await refuses(
      'E-ROLLBACK',
      on('check', () => oldStamp),
    );
    await nameServers(world.site, 2, [world.site.plainUrl]);
    await refuses(
      'E-ROOT',
      on('root/2', () => undefined),
    );
    world.liar.lie((body) => body);
    const { status, stderr } = await world.update();
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(world.host.read('current'), `${world.release.hash}\n`);
  },
);

test(
  'DS-2: without the centre a host goes by the kept stamp until it expires, then it is E-STALE',
  needed,
  async (t) => {
    const site = await startUpdateSite(t);
    const remote = await startRemoteSite(t, site);
    const host = await makeHost(t, site, remote.plainUrl);
    const release = makeRelease('1');
    await site.publish('web01', release.bytes, release.hash);
    const through = `--server=${remote.plainUrl}`;
    const first = await host.run(['update', through]);
    assert.deepEqual([first.status, first.stderr], [0, '']);
    assert.equal(host.read('current'), `${release.hash}\n`);
    await site.receiver.stop();
    const { status, stdout } = await host.run(['update', through]);
    assert.deepEqual([status, stdout], [0, 'nothing to do\n']);
    host.path = host.substitute('date', 'exec /bin/date -d "+3 days" "$@"');
    const later = await host.run(['update', through]);
    assert.match(later.stderr, /^courier-update: E-STALE a stamp of \d{14} that expired \d{14}/m);
  },
);

test(
  'DS-5: a stamp sends a host to the site that serves it, among the servers of the root, and back',
  needed,
  async (t) => {
    const site = await startUpdateSite(t);
    const remote = await startRemoteSite(t, site, { site: ['berlin'] });
    const host = await makeHost(t, site);
    const update = async () => {
      const { status, stderr } = await host.run(['update']);
      assert.deepEqual([status, stderr], [0, '']);
      return host.read('state/server').trimEnd();
    };
    const told = await sites(site, 'set', 'berlin', remote.plainUrl, 'web*');
    const line = `no host is sent there yet: cmk-courier updates root server ${site.plainUrl} ${remote.plainUrl}`;
    assert.equal(told, `berlin: ${remote.plainUrl}\n${line}\n`);
    assert.equal(await update(), site.plainUrl);
    // An address that no root has is no address.
    assert.equal(host.read('state/home'), '');
    await nameServers(site, 2, [site.plainUrl, remote.plainUrl]);
    assert.equal(await update(), site.plainUrl);
    assert.equal(host.read('state/home'), `${remote.plainUrl}\n`);
    assert.equal(await update(), remote.plainUrl);
    const shown = await sites(site, 'show');
    assertDocument('updates sites show', shown);
    const { sites: rows, hosts } = JSON.parse(shown);
    assert.deepEqual(
      rows.map((row: { site: string; hosts: number; elsewhere: number; inRoot: boolean }) => [
        row.site,
        row.hosts,
        row.elsewhere,
        row.inRoot,
      ]),
      [
        ['berlin', 1, 0, true],
        ['-', 0, 0, false],
      ],
    );
    assert.deepEqual([hosts[0].host, hosts[0].site, hosts[0].via], ['web01', 'berlin', 'berlin']);
    await remote.receiver.stop();
    assert.equal(await update(), site.plainUrl);
    await sites(site, 'remove', 'berlin');
    assert.equal(await update(), site.plainUrl);
    assert.equal(host.read('state/home'), '');
  },
);
