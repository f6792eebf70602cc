/** courier-send on hosts that have less: no /proc, or an OpenWrt with its own clients. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithoutMounts } from '../../peers/private-mounts.ts';
import { isRunning, writeScript } from './courier-agent-shells.ts';
import {
  goodOutput,
  listState,
  runInLibrary,
  type Sender,
  send,
  startWithoutProc,
  testHost,
  testSending,
  writeAgent,
} from './courier-send-shells.ts';

if (skipWithoutMounts) {
  test('hosts without /proc', { skip: skipWithoutMounts }, () => undefined);
} else {
  testHost(
    'without /proc output is sent after a random time, and nothing is left',
    async (sender) => {
      writeAgent(sender, goodOutput);
      const { code, stderr } = await startWithoutProc(sender, ['--jitter=1']).ended;
      assert.deepEqual([code, stderr], [0, '']);
      assert.ok(sender.receiver.arrivals[0]?.output.equals(goodOutput));
      assert.deepEqual(listState(sender), []);
      assert.match(readLock(sender), /^\d+:at:\d{10}$/);
    },
  );

  testHost(
    'without /proc two runs do not meet, and an agent that hangs is ended',
    async (sender) => {
      const marks = join(sender.root, 'pids');
      writeScript(sender.agent, `sleep 100 & echo $! >'${marks}'; sleep 100`);
      const first = startWithoutProc(sender, ['--timeout=3']);
      while (!existsSync(marks)) await new Promise((resolve) => setTimeout(resolve, 20));
      const second = await startWithoutProc(sender).ended;
      const [owner = ''] = readLock(sender).split(':');
      assert.deepEqual(
        [second.code, second.stderr],
        [75, `courier-send: another run is under way: process ${owner}\n`],
      );
      const { code, stderr } = await first.ended;
      const why = `the agent took longer than 3s: ${sender.agent}; nothing is left to send`;
      assert.deepEqual([code, stderr], [6, `courier-send: ${why}\n`]);
      assert.equal(isRunning(readFileSync(marks, 'utf8').trim()), false);
    },
  );
}

function readLock({ state }: Sender): string {
  const [name = ''] = readdirSync(state).filter((entry) => entry.startsWith('lock.'));
  return readlinkSync(join(state, name));
}

testHost('without a start time a lock counts no longer than a run can take', async (sender) => {
  const ask = (owner: string) => `is_owner_alive "${owner}" && echo yes || echo no`;
  const { stdout } = await runInLibrary(
    sender,
    [
      'now=$(date +%s)',
      ask('$$:at:$now'),
      ask('$$:at:$((now + 60))'),
      ask('$$:at:$((now - 1000))'),
      ask('$$:at:$((now + 1000))'),
      ask('4999999:at:$now'),
    ].join('\n'),
  );
  assert.equal(stdout.toString(), 'yes\nyes\nno\nno\nno\n');
});

testSending(
  'an older one that knows no method sends with POST, one without headers is refused',
  async (sender) => {
    writeAgent(sender, goodOutput);
    const lacking = (options: string) => ({
      ...sender,
      env: { ...sender.env, UCLIENT_LACKS: options },
    });
    await send(lacking('--method --body-file'), 0);
    assert.equal(sender.receiver.arrivals[0]?.method, 'POST');
    const why = 'this uclient-fetch is too old to say when the output was produced';
    await send(lacking('--header'), 4, `${why}: install curl or wget`);
  },
  ['uclient-fetch'],
);

testSending(
  'the token is shown to this host only where that is allowed, and no certificate at all',
  async (sender) => {
    writeAgent(sender, goodOutput);
    const why = 'uclient-fetch shows the token to all users of this host';
    const hint = 'install curl, or see --allow-visible-token';
    await send(sender, 2, `${why}: ${hint}`, ['--allow-visible-token=no']);
    const files = [`--cert=${sender.root}/ca.pem`, `--key=${sender.root}/token`];
    const no = 'uclient-fetch cannot show a certificate of this host: install curl or wget';
    await send(sender, 4, no, files);
    assert.deepEqual(sender.receiver.arrivals, []);
  },
  ['uclient-fetch'],
);

testHost(
  'wget that is uclient-fetch by another name is taken for neither GNU’s nor BusyBox’s',
  async (sender) => {
    const { programs, env } = sender;
    writeScript(join(programs, 'wget'), 'echo "Usage: wget [options] <URL>" >&2', 'exit 1');
    writeScript(join(programs, 'busybox'), 'echo "wget: applet not found" >&2', 'exit 127');
    const script = 'scheme=http; for c in wget busybox; do is_usable $c && echo $c; done; echo end';
    const { stdout } = await runInLibrary({ ...sender, env }, script);
    assert.equal(stdout.toString(), 'end\n');
  },
);
