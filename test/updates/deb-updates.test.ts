import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeOverlaidRoot, skipWithoutOverlay } from '../peers/overlaid-root.ts';
import { saying, startWholeSite, type WholeSite } from './whole-site.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const skip =
  skipWithout('dpkg-deb') ||
  skipWithout('curl') ||
  skipWithoutOverlay ||
  (isLong ? false : 'one of the scenarios of `npm run test:long`');

/** A machine with dpkg that has registered at the site. */
async function makeMachine(t: TestContext, site: WholeSite) {
  const machine = await makeOverlaidRoot(t);
  machine.put('/root/installer', Buffer.from(await site.tell('installer', 'web01')));
  const { code, said } = machine.run('sh /root/installer');
  assert.equal(code, 0, said);
  const update = () => machine.run('courier-update update');
  const agent = () => machine.run('check_mk_agent').said;
  return { ...machine, update, agent };
}

/** A package as somebody else makes it. */
function makeForeign(directory: string, version: string, postinst: string): string {
  const tree = join(directory, `acme-${version}`);
  for (const path of ['DEBIAN', 'usr/bin']) mkdirSync(join(tree, path), { recursive: true });
  const control = [
    'Package: acme-agent',
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: x <x@example>',
    'Description: an agent',
  ];
  const put = (path: string, text: string) => {
    writeFileSync(join(tree, path), text);
    chmodSync(join(tree, path), 0o755);
  };
  put('DEBIAN/control', `${control.join('\n')}\n`);
  put('DEBIAN/postinst', `#!/bin/sh\n${postinst}\n`);
  put(
    'usr/bin/check_mk_agent',
    `#!/bin/sh\necho '<<<check_mk>>>'\necho 'Version: ${version}'\necho '<<<acme>>>'\necho ${version}\n`,
  );
  const path = join(directory, `acme-agent_${version}_all.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-b', tree, path], { stdio: 'ignore' });
  return path;
}

test('IN-10: dpkg installs a signed package of others; one whose post-install script fails is taken back', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const site = await startWholeSite(t);
  const publish = async (version: string, postinst: string) => {
    const path = makeForeign(site.directory, version, postinst);
    await site.tell('import-package', path);
    site.wish({ package: `acme-agent_${version}_all.deb`, selfTest: '20s' });
    await site.release();
  };
  await publish('1.0', 'exit 0');
  await site.tell('on');
  const { agent, run, update } = await makeMachine(t, site);
  assert.match(agent(), /^Version: 1\.0$/m);
  assert.equal((await site.status('web01')).installed, 1);

  await publish('2.0', 'echo broken >&2; exit 1');
  const failed = update();
  assert.equal(failed.code, 8, failed.said);
  assert.match(failed.said, /E-MANAGER/);
  assert.match(agent(), /^Version: 1\.0$/m);
  assert.match(
    run('dpkg -s acme-agent').said,
    /^Status: install ok installed$[\s\S]*^Version: 1\.0$/m,
  );
  const row = await site.status('web01');
  assert.deepEqual([row.target, row.installed, row.code], [2, 1, 'E-MANAGER']);

  await publish('3.0', 'exit 0');
  const mended = update();
  assert.equal(mended.code, 0, mended.said);
  assert.match(agent(), /^Version: 3\.0$/m);
});

test('IN-10: a release of our own reaches a host as a Debian package', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const site = await startWholeSite(t);
  site.wish({ ...saying('one'), format: 'deb' });
  await site.release();
  await site.tell('on');
  const { agent, run, update } = await makeMachine(t, site);
  assert.match(agent(), /^<<<word>>>\none$/m);
  site.wish({ ...saying('two'), format: 'deb' });
  await site.release();
  const { code, said } = update();
  assert.equal(code, 0, said);
  assert.match(agent(), /^<<<word>>>\ntwo$/m);
  const { installed } = await site.status('web01');
  assert.equal(installed, 2);
  assert.match(run('dpkg -s cmk-courier-agent').said, /^Status: install ok installed$/m);
});
