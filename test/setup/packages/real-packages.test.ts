/** The packages as `npm run build` makes them, from the executable in dist. */

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildExecutable } from '../../../.tools/executable/executable.ts';
import { buildPackages } from '../../../.tools/packages/build-packages.ts';
import { verifyPackage } from '../../../src/setup/packages/verify.ts';
import { courier, runCourier } from '../../helpers/run-program.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const skip = process.env['COURIER_TEST_LONG'] ? false : 'half a minute: with npm run test:long';

test('the packages are good, and hold program, manuals and plug-ins', { skip }, async (t) => {
  const folder = await makeTempDir(t);
  copyFileSync(courier, join(folder, 'cmk-courier'));
  const built = await buildPackages(folder);
  const ended = await runCourier([
    'package',
    'verify',
    '--strict',
    ...built.map(({ path }) => path),
  ]);
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  const [plugins, program] = built.map(({ path }) => {
    return verifyPackage({ bytes: readFileSync(path), fileName: undefined, maxBytes: 1e9 });
  });
  assert.deepEqual(program?.manifest?.files.get('bin'), ['cmk-courier']);
  assert.ok(program.manifest.files.get('doc')?.includes('cmk_courier/man/man1/cmk-courier.1'));
  assert.ok(
    plugins?.manifest?.files
      .get('cmk_addons_plugins')
      ?.includes('cmk_courier/libexec/agent_cmk_courier'),
  );
  assert.ok((built[0]?.bytes ?? 0) < 200_000);
  assert.ok((built[1]?.bytes ?? 0) < 60_000_000);
});

test('the executable comes out the same, byte for byte', { skip }, async (t) => {
  const again = join(await makeTempDir(t), 'cmk-courier');
  await buildExecutable(again);
  assert.ok(readFileSync(again).equals(readFileSync(courier)));
});
