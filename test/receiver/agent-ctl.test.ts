/** The same scenario with the real Agent Controller, where `CMK_AGENT_CTL` says where it is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from '../helpers/run-program.ts';
import { site, startReceiver } from './running-receiver.ts';

const program = process.env['CMK_AGENT_CTL'];
const skip = program === undefined && 'CMK_AGENT_CTL does not name a cmk-agent-ctl';

async function ctl(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await start(program ?? '', args).ended;
  assert.equal(code, 0, `cmk-agent-ctl ${args[0]}: ${stderr}`);
  return stdout.toString();
}

// It keeps its connections where it always does: for machines made for this test.
test('the real controller registers, tells its status, renews and pushes', { skip }, async (t) => {
  const running = await startReceiver(t);
  const server = ['--server', `127.0.0.1:${running.port}`, '--site', site];
  t.after(() => ctl(['delete-all']).catch(() => undefined));
  const password = await running.makeAccess({ kind: 'user', name: 'admin', hosts: ['web*'] });
  const user = ['--user', 'admin', '--password', password];
  await ctl(['register', '--hostname', 'web01', ...server, ...user, '--trust-cert']);
  const registered = await running.hosts.byName('web01');
  assert.equal(registered?.mode, 'push-agent');
  const { connections } = JSON.parse(await ctl(['status', '--json']));
  assert.equal(connections.length, 1);
  assert.deepEqual(connections[0].remote.hostname, 'web01');
  await ctl(['renew-certificate', `127.0.0.1/${site}`]);
  assert.equal((await running.hosts.byName('web01'))?.certificates.length, 2);
  await ctl(['push']);
  assert.match((await running.readOutput('web01')) ?? '', /^<<<check_mk>>>/);
  assert.deepEqual(running.refusals(), []);
});
