/** `doctor HOST SOURCE`: the way of a source, and the fault it ends with. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { noteReport } from './named-cause.ts';

async function assertCause(wanted: string, source: string, own: RawOptions = {}) {
  const context = { ...makeCommandContext(), clock: systemClock };
  const options = { address: ['127.0.0.1'], json: ['true'], ...own };
  await doctor.run({ operands: ['web01', source], options }, context);
  const document = JSON.parse(context.said.output);
  const port = document.steps.find(({ id }: { id: string }) => id === 'port');
  assert.equal(port.status, 'skipped');
  const named = noteReport(`a source: ${wanted}`, 'site', wanted, document);
  assert.equal(named, wanted);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

test('each source ends with a cause of its own, and the agent port is left alone', async (t) => {
  const directory = await makeTempDir(t);
  const put = (name: string, text: string, ageS = 0) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    const then = Date.now() / 1000 - ageS;
    utimesSync(path, then, then);
    return `file://${path}`;
  };
  const good = '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n';
  const port = await findFreePort();
  await assertCause('ok', put('good', good));
  await assertCause('source-stale', put('old', good, 3600));
  await assertCause('source-malformed', put('html', '<html><body>Log in</body></html>'));
  await assertCause('source-no-output', `file://${directory}/missing`);
  await assertCause('source-unreachable', `http://127.0.0.1:${port}/{host}`);
  await assertCause('source-peer', 'exec:/bin/false');
  const login = { user: ['me'], passwordFile: [`${directory}/password`] };
  await assertCause('password-missing', `http://127.0.0.1:${port}/{host}`, login);
  await assertCause('source-local', 'exec:/no/such/program');
  const large = put('large', good);
  truncateSync(join(directory, 'large'), 65 * 1024 ** 2);
  await assertCause('source-too-large', large);
  await assertCause('source-timeout', 'exec:/bin/sleep?arg=60', { deadline: ['1500ms'] });
  const locked = createServer((_, response) => response.writeHead(401).end()).listen(
    0,
    '127.0.0.1',
  );
  t.after(() => locked.close());
  await once(locked, 'listening');
  await assertCause('source-refused', `http://127.0.0.1:${portOf(locked)}/{host}`);
});
