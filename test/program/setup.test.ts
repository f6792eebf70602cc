/** The assistant of the built executable, which alone can be a service. */

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithout } from '../helpers/required-peer.ts';
import { courier, runCourier } from '../helpers/run-program.ts';
import { makeSiteTree } from '../peers/site-tree.ts';

const skip = skipWithout('python3');

test('setup --collect installs the collector, starts it, and the rule takes what it has ready', {
  skip,
}, async (t) => {
  const { site, root, env, source } = await makeSiteTree(t);
  const args = ['setup', 'web01', '--yes', '--collect', '--', source];
  const { stdout, stderr, code } = await runCourier(args, { env });
  assert.equal(`${stderr}${code}`, '0');
  const output = stdout.toString().replaceAll(root, 'SITE');
  assert.match(output, /\n {2}every: 1m\nwrote SITE\/etc\/cmk-courier\/routes\.yaml\n/);
  assert.match(
    output,
    /\nwrote SITE\/etc\/init\.d\/cmk-courier-collect\ndid omd restart cmk-courier-collect\n/,
  );
  assert.equal(readFileSync(join(root, 'omd.log'), 'utf8'), 'restart cmk-courier-collect\n');
  assert.ok(readFileSync(join(root, 'etc/init.d/cmk-courier-collect'), 'utf8').includes(courier));
  assert.equal(statSync(join(root, 'local/bin/cmk-courier-ready')).mode & 0o111, 0o111);
  const line = 'cmk-courier-ready $HOSTNAME$ --address=$HOSTADDRESS$';
  assert.deepEqual(
    site.rules.kept.map((rule) => rule.value_raw),
    [`'${line}'`],
  );
});
