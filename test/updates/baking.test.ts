import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readTar } from '../../src/setup/packages/tar-reader.ts';
import { updatePlaces } from '../../src/updates/repository/places.ts';
import { readPlan } from '../../src/updates/repository/plan.ts';
import { PlannedIntervals } from '../../src/updates/repository/planned-intervals.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const agent = '#!/bin/sh\necho "<<<check_mk>>>"\necho "Version: 2.4.0p14"\n';

const yaml = `hostList: hosts.txt
rules:
  - tags: oracle
    plugins:
      mk_oracle: 10m
    config:
      mk_oracle.cfg: {from: files/mk_oracle.cfg, confidential: true}
  - tags: own
    agent: courier-agent
  - hosts: ['*']
    plugins:
      mk_logins: true
    updater: {interval: 2h, allow-http: true}
`;

/** A site with agents and plug-ins, and an updates.yaml in it. */
async function makeSite(t: TestContext, rules = yaml) {
  const root = await makeTempDir(t);
  const put = (path: string, content: string, mode = 0o644) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
    chmodSync(join(root, path), mode);
  };
  put('share/check_mk/agents/check_mk_agent.linux', agent);
  put('share/check_mk/agents/plugins/mk_logins', 'logins of the site\n');
  put('share/check_mk/agents/plugins/mk_oracle', 'oracle of the site\n');
  put('local/share/check_mk/agents/plugins/mk_oracle', 'oracle of ours\n');
  put('etc/cmk-courier/files/mk_oracle.cfg', 'password\n', 0o600);
  put('etc/cmk-courier/hosts.txt', 'web01 -\nweb02 -\ndb01 - oracle\nbox - own\n');
  put('etc/cmk-courier/updates.yaml', rules);
  const run = async (...args: readonly string[]) => {
    const context = { ...makeCommandContext(), clock: systemClock, env: { OMD_ROOT: root } };
    const code = await main(['updates', ...args], context);
    return { code, ...context.said };
  };
  const places = updatePlaces({ OMD_ROOT: root }, undefined);
  const offerOf = async (host: string) => {
    const plan = await readPlan(places);
    const offer = plan?.offers.find(({ hosts }) => hosts.some((name) => name === host));
    return offer?.action === 'install' ? offer : assert.fail(`nothing for ${host}`);
  };
  const unpack = async (host: string) => {
    const { packageSha256 } = await offerOf(host);
    const members = readTar(gunzipSync(readFileSync(join(places.packages, packageSha256))));
    return new Map(
      members.filter(({ isFile }) => isFile).map(({ name, bytes }) => [name, bytes.toString()]),
    );
  };
  return { root, put, run, places, offerOf, unpack };
}

test('IN-1: hosts with the same content share a package, and the plan says who gets which', async (t) => {
  const { run, offerOf, unpack, places } = await makeSite(t);
  const { code, output, errors } = await run('bake');
  assert.equal(code, 0, errors);
  const hidden = output
    .replace(/^[0-9a-f]{16}/gm, 'HASH')
    .split('\n')
    .sort();
  assert.deepEqual(hidden, [
    '',
    '3 releases for 4 hosts',
    'HASH linux-tgz new confidential: checkmk 2.4.0p14, 2 scripts: db01',
    'HASH linux-tgz new: checkmk 2.4.0p14, 1 script: web01, web02',
    'HASH linux-tgz new: courier-agent 0.1.0, 1 script: box',
    'another one for box, db01, web01, web02',
    'next: cmk-courier updates sign',
    'there is no root yet: `cmk-courier updates root init` first, then bake again',
  ]);
  const web = await offerOf('web01');
  assert.deepEqual([web.hosts, web.intervalSeconds], [['web01', 'web02'], 7200]);
  const files = await unpack('db01');
  assert.equal(files.get('release/bin/check_mk_agent'), agent);
  assert.equal(files.get('release/lib/plugins/600/mk_oracle'), 'oracle of ours\n');
  assert.equal(files.get('release/lib/plugins/mk_logins'), 'logins of the site\n');
  assert.equal(files.get('release/etc/mk_oracle.cfg'), 'password\n');
  assert.equal(files.get('release/etc/update.conf'), 'allow-http yes\ninterval 7200\n');
  const launch = readFileSync('agents/host/courier-launch', 'utf8');
  assert.equal(files.get('release/lib/plugins/7200/courier-update'), launch);
  assert.equal(files.get('release/lib/plugins/courier-update-status'), launch);
  const list = readFileSync(join(places.baked, (await offerOf('db01')).agentHash, 'FILES'), 'utf8');
  assert.equal(files.get('release/FILES'), list);
  const own = readFileSync('agents/host/courier-agent', 'utf8');
  assert.equal((await unpack('box')).get('release/bin/check_mk_agent'), own);
});

test('TR-6: a package with a file that is confidential is marked for the server, and no other is', async (t) => {
  const { run, offerOf, places } = await makeSite(t);
  await run('bake');
  const marks = readdirSync(places.packages).filter((name) => name.endsWith('.confidential'));
  const { packageSha256, agentHash } = await offerOf('db01');
  const about = JSON.parse(readFileSync(join(places.baked, agentHash, 'about.json'), 'utf8'));
  const digests = about.packages.map(({ sha256 }: { sha256: string }) => `${sha256}.confidential`);
  assert.deepEqual(marks, digests.sort());
  assert.ok(existsSync(join(places.packages, `${packageSha256}.confidential`)));
  assert.equal(statSync(join(places.packages, packageSha256)).mode & 0o777, 0o600);
});

test('IN-1: the same content has the same hash on another server, whatever locale, umask and file times', async (t) => {
  const [one, other] = [await makeSite(t), await makeSite(t)];
  await one.run('bake');
  utimesSync(join(other.root, 'share/check_mk/agents/plugins/mk_logins'), 1, 1);
  chmodSync(join(other.root, 'share/check_mk/agents/plugins/mk_logins'), 0o700);
  const before = [process.umask(0o002), process.env['LC_ALL']];
  process.env['LC_ALL'] = 'tr_TR.UTF-8';
  try {
    await other.run('bake');
  } finally {
    process.umask(Number(before[0]));
    if (before[1] === undefined) delete process.env['LC_ALL'];
    else process.env['LC_ALL'] = String(before[1]);
  }
  for (const host of ['web01', 'db01', 'box']) {
    assert.deepEqual(await one.offerOf(host), await other.offerOf(host));
  }
});

test('a second bake changes nothing; one file changed is another release for its hosts only', async (t) => {
  const { run, put, offerOf } = await makeSite(t);
  await run('bake');
  const { output } = await run('bake', '--json');
  assertDocument('updates bake', output);
  const again = JSON.parse(output);
  assert.deepEqual(
    again.releases.map(({ changed }: { changed: string[] }) => changed),
    [[], [], []],
  );
  const before = await offerOf('web01');
  put('local/share/check_mk/agents/plugins/mk_oracle', 'oracle, mended\n');
  const dry = JSON.parse((await run('bake', '--dry-run', '--json')).output);
  const changed = dry.releases.flatMap((release: { changed: string[] }) => release.changed);
  assert.deepEqual(changed, ['db01']);
  const old = await offerOf('db01');
  await run('bake');
  assert.notEqual((await offerOf('db01')).agentHash, old.agentHash);
  assert.deepEqual(await offerOf('web01'), before);
});

test('how often a host asks is what the newest plan says, and an hour where that cannot be read', async (t) => {
  const { run, put, places } = await makeSite(t);
  const intervals = new PlannedIntervals(places);
  const host = parseHostName('web01');
  assert.equal(await intervals.of(host), 3600);
  await run('bake');
  assert.equal(await intervals.of(host), 7200);
  put('etc/cmk-courier/updates.yaml', yaml.replace('2h', '10m'));
  await run('bake');
  assert.equal(await intervals.of(host), 600);
  assert.equal(await intervals.of(parseHostName('stranger')), 3600);
  writeFileSync(places.plan, '{');
  assert.equal(await intervals.of(host), 3600);
});

test('a dry run writes nothing at all', async (t) => {
  const { run, places } = await makeSite(t);
  assert.equal((await run('bake', '--dry-run')).code, 0);
  assert.equal(existsSync(places.directory), false);
});

test('a plug-in that is not there is told with a host and the parameter, and the plan stays', async (t) => {
  const { run, put, offerOf, root } = await makeSite(t);
  await run('bake');
  const before = await offerOf('web01');
  put('etc/cmk-courier/updates.yaml', yaml.replace('mk_logins', 'mk_login'));
  const line =
    'cmk-courier: updates bake: box: plugins.mk_login: the site has none of that name; `from` names a file (CONFIG)\n';
  assert.deepEqual(await run('bake'), { code: 3, output: '', errors: line });
  put('etc/cmk-courier/updates.yaml', yaml.replace('files/mk_oracle.cfg', 'files/none'));
  const missing = `cmk-courier: updates bake: db01: config.mk_oracle.cfg: there is no file ${root}/etc/cmk-courier/files/none (CONFIG)\n`;
  assert.deepEqual(await run('bake'), { code: 3, output: '', errors: missing });
  assert.deepEqual(await offerOf('web01'), before);
});

test('IN-2: a plug-in that others may change is not baked', async (t) => {
  const { run, root } = await makeSite(t);
  const plugin = join(root, 'share/check_mk/agents/plugins/mk_logins');
  chmodSync(plugin, 0o666);
  const { code, errors } = await run('bake');
  assert.equal(code, 3);
  assert.match(errors, /plugins\.mk_logins: .*mk_logins.* \(CONFIG\)\n$/);
});

test('away from a site the agent is courier-agent, and checkmk is said not to be there', async (t) => {
  const { root, put, places } = await makeSite(t, 'hostList: hosts.txt\nrules: [{agent: auto}]\n');
  const run = async () => {
    const context = { ...makeCommandContext(), clock: systemClock };
    const paths = [`--updates=${root}/etc/cmk-courier/updates.yaml`, `--dir=${places.directory}`];
    const code = await main(['updates', 'bake', ...paths], context);
    return { code, ...context.said };
  };
  assert.match(
    (await run()).output,
    /^[0-9a-f]{16} linux-tgz new: courier-agent 0\.1\.0, 0 scripts: box, db01, web01, web02\n/,
  );
  put('etc/cmk-courier/updates.yaml', 'hostList: hosts.txt\nrules: [{agent: checkmk}]\n');
  const line =
    'cmk-courier: updates bake: box and 3 more: there is no check_mk_agent.linux of Checkmk: this is not a site (CONFIG)\n';
  assert.equal((await run()).errors, line);
});

test('IN-10: a package that somebody else made is planned as it is, by its name', async (t) => {
  const { run, put, root, offerOf, places } = await makeSite(t);
  const name = 'check-mk-agent_2.4.0p1-1_all.deb';
  put(name, '!<arch>\ndebian-binary   and so on');
  const { code, output } = await run('import-package', join(root, name), '--json');
  assert.equal(code, 0);
  assertDocument('updates import-package', output);
  const { agentHash, ...about } = JSON.parse(output);
  assert.deepEqual(about, { platform: 'linux-deb', file: name, version: '2.4.0p1', size: 33 });
  const rules = `hostList: hosts.txt\nrules:\n  - {hosts: web01, package: ${name}}\n  - {agent: auto}\n`;
  put('etc/cmk-courier/updates.yaml', rules);
  await run('bake');
  const offer = await offerOf('web01');
  assert.deepEqual(
    [offer.platform, offer.agentHash, offer.hosts],
    ['linux-deb', agentHash, ['web01']],
  );
  const kept = readFileSync(join(places.packages, offer.packageSha256));
  assert.deepEqual(kept, readFileSync(join(root, name)));
  put('etc/cmk-courier/updates.yaml', rules.replace('2.4.0p1', '2.4.0p2'));
  const line = `cmk-courier: updates bake: web01: package: none is called "check-mk-agent_2.4.0p2-1_all.deb"; is ${name} meant? (CONFIG)\n`;
  assert.equal((await run('bake')).errors, line);
});

test('IN-10: a file whose bytes are not what its name says is not taken', async (t) => {
  const { run, put, root } = await makeSite(t);
  put('agent.rpm', '!<arch>\n');
  const line = `cmk-courier: updates import-package: ${root}/agent.rpm is not what its name says: a package for linux-rpm (MALFORMED)\n`;
  assert.deepEqual(await run('import-package', join(root, 'agent.rpm')), {
    code: 12,
    output: '',
    errors: line,
  });
  put('agent.exe', 'MZ');
  assert.equal((await run('import-package', join(root, 'agent.exe'))).code, 2);
});
