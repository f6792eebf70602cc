/** `doctor HOST`: hosts that Checkmk asks at one address. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { noteReport } from './named-cause.ts';

/** Answers every query with these rows. */
async function look(t: TestContext, rows: string) {
  const { root, env } = await makeSiteTree(t);
  await mkdir(join(root, 'tmp/run'), { recursive: true });
  await writeFile(join(root, 'bin/cmk'), "#!/bin/sh\necho 'Addresses: 192.0.2.21'\n");
  await chmod(join(root, 'bin/cmk'), 0o755);
  let asked = '';
  const core = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (piece) => {
      asked += piece.toString();
    });
    socket.on('end', () => socket.end(rows));
  });
  core.listen(join(root, 'tmp/run/live'));
  await once(core, 'listening');
  t.after(() => core.close());
  const context = { ...makeCommandContext(), env, clock: systemClock };
  const options = { only: ['sharing'], address: ['192.0.2.21'], json: ['true'] };
  await doctor.run({ operands: ['web01'], options }, context);
  const document = JSON.parse(context.said.output);
  const { steps } = document;
  const { status, code, text } = steps.find(({ id }: { id: string }) => id === 'sharing');
  return { asked, told: [status, code, text], document };
}

test('another host at the same address is named', async (t) => {
  const { asked, told, document } = await look(t, '[["web02"],["web03"]]\n');
  noteReport('other hosts have its address', 'site', 'address-shared', document);
  const text = '192.0.2.21 is also that of web02, web03';
  assert.deepEqual(told, ['warning', 'address-shared', text]);
  assert.deepEqual(asked.split('\n'), [
    'GET services',
    'Columns: host_name',
    'Filter: host_address = 192.0.2.21',
    'Filter: host_name != web01',
    'Filter: description = Check_MK',
    'OutputFormat: json',
    '',
    '',
  ]);
});

test('an address of its own is well, and an answer that is none is not', async (t) => {
  assert.deepEqual((await look(t, '[]\n')).told, ['ok', null, 'of no other host']);
  assert.deepEqual((await look(t, 'x')).told, ['unknown', null, 'Livestatus does not tell']);
});
