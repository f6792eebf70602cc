import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithout } from '../../helpers/required-peer.ts';
import { startDepot } from './depot.ts';
import { readModule } from './readme-modules.ts';

const skip =
  skipWithout('rsync') || (process.getuid?.() === 0 ? false : 'only root may change its root');

test('the module the README shows for hosts serves a fetch, and only with the password', {
  skip,
}, async (t) => {
  const depot = await startDepot(t, (drops, directory) =>
    readModule('read-only module', {
      path: drops,
      'secrets file': join(directory, 'secrets'),
      'hosts allow': '127.0.0.1',
    }),
  );
  await writeFile(join(depot.directory, 'secrets'), 'cmk:secret\n', { mode: 0o600 });
  const passwordFile = join(depot.directory, 'password');
  await writeFile(passwordFile, 'secret\n', { mode: 0o600 });
  await chmod(await depot.drop('agent-output', '<<<a>>>\n'), 0o644);
  const options = { passwordFile: [passwordFile] };
  const { output } = await depot.fetch('cmk/agent-output', { user: 'cmk', options });
  assert.equal(output.toString(), '<<<a>>>\n');
  await depot.messageFor('cmk/agent-output', 'REFUSED', { user: 'cmk' });
  await depot.messageFor('cmk/agent-output', 'REFUSED', { user: 'other', options });
});
