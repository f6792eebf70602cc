/** `doctor ports --listen` in front of strangers, and what `--to` sees of it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { doctor } from '../../src/commands/doctor.ts';
import { answerOn } from '../../src/doctor/ports/answering.ts';
import { tryTcp, tryUdp } from '../../src/doctor/ports/trying.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';

const { signal } = new AbortController();

test('who asks as --to does is answered', async () => {
  for (const proto of ['tcp', 'udp'] as const) {
    const port = await findFreePort();
    const answering = await answerOn(proto, '127.0.0.1', port);
    const tried = await (proto === 'tcp' ? tryTcp : tryUdp)('127.0.0.1', port, signal);
    answering.close();
    assert.deepEqual([answering.fault, tried], [undefined, { state: 'open', error: null }]);
  }
});

test('an answer is not answered: two who listen would never end', async (t) => {
  const port = await findFreePort();
  const answering = await answerOn('udp', '127.0.0.1', port);
  t.after(answering.close);
  const stranger = createSocket('udp4');
  t.after(() => stranger.close());
  const heard: string[] = [];
  stranger.on('message', (text) => heard.push(text.toString('latin1')));
  for (const said of ['ok', '', 'x'.repeat(1000)]) stranger.send(said, port, '127.0.0.1');
  // What came before its answer would have been answered before.
  assert.deepEqual(await tryUdp('127.0.0.1', port, signal), { state: 'open', error: null });
  assert.deepEqual(heard, []);
});

test('who stays connected does not keep it from ending', async () => {
  const port = await findFreePort();
  const answering = await answerOn('tcp', '127.0.0.1', port);
  const stays = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const over = once(stays, 'end');
  stays.resume();
  await over;
  answering.close();
  // Our end is gone, not waiting for theirs: what they send now is refused.
  const refused = new Promise((resolve) => stays.once('close', resolve));
  const timer = setInterval(() => stays.write('x'), 20);
  stays.on('error', () => undefined);
  await refused;
  clearInterval(timer);
});

for (const [form, option, message] of [
  ['ports', 'plugin', '--plugin is not for doctor ports'],
  ['ports', 'bundle', '--bundle is not for doctor ports'],
  ['site', 'only', '--only is not for doctor site'],
  ['site', 'hostReport', '--host-report is not for doctor site'],
  ['web01', 'listen', '--listen is not for doctor HOST'],
] as const) {
  test(`doctor ${form}: an option that would do nothing is refused: ${option}`, async () => {
    const value = option === 'plugin' || option === 'listen' ? 'true' : 'site';
    const asked = doctor.run(
      { operands: [form], options: { [option]: [value] } },
      makeCommandContext(),
    );
    await assert.rejects(asked, { message });
  });
}

const canUnshare = spawnSync('unshare', ['-n', 'ip', 'link'], { stdio: 'ignore' }).status === 0;
const skip = canUnshare ? false : 'needs root and iproute2';

test('a deadline that is over leaves what nobody could see', { skip }, () => {
  const script = [
    'ip link set lo up; ip addr add 192.0.2.1/32 dev lo',
    'ip route add 192.0.2.21/32 dev lo src 192.0.2.1',
    `"${process.execPath}" src/bin.ts doctor ports --role=host --to=192.0.2.21 --deadline=200ms --json`,
  ].join('\n');
  const { stdout, status } = spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' });
  const { ports } = JSON.parse(stdout);
  const late = 'nobody could look within 200ms';
  assert.deepEqual([status, ports[0].state, ports[0].raw_error], [0, 'unknown', late]);
});
