import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeScript } from './courier-agent-shells.ts';
import { startReceiver } from './courier-send-peer.ts';
import {
  goodOutput,
  listState,
  type Sender,
  send,
  serverTls,
  startSending,
  testHost,
  testSending,
  urlFor,
  writeAgent,
} from './courier-send-shells.ts';

const newerOutput = Buffer.from('<<<check_mk>>>\nVersion: 2.4.1\n');

/** An agent that breaks before it has anything to say. */
function breakAgent({ agent }: Sender): string {
  writeScript(agent, 'echo "cannot open /proc"', 'exit 1');
  return `the agent printed no section: ${agent}`;
}

/** Keeps output of a while ago. */
function keep({ state }: Sender, producedAt: number, bytes: Buffer): void {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(join(state, `unsent.${producedAt}`), bytes);
}

testSending('output waits until the receiver is back', async (sender) => {
  const { receiver, state } = sender;
  writeAgent(sender, goodOutput);
  await receiver.close();
  const { code, stderr, stdout } = await startSending(sender).ended;
  assert.deepEqual({ code, stdout: stdout.toString() }, { code: 5, stdout: '' });
  assert.match(
    stderr,
    /^courier-send: cannot send to https:\S+: .*(refused|connect|errno=111|reset).*\n$/i,
  );
  const [name = ''] = listState(sender);
  assert.deepEqual(listState(sender), [name]);
  assert.deepEqual(readFileSync(join(state, name)), goodOutput);

  const back = await startReceiver(serverTls, receiver.port);
  try {
    await send(sender, 9, `${breakAgent(sender)}; sent what was left from before`);
    const [arrival, ...others] = back.arrivals;
    assert.ok(arrival !== undefined && others.length === 0);
    assert.deepEqual(arrival.output, goodOutput);
    assert.equal(`unsent.${arrival.headers['x-produced-at']}`, name);
    assert.deepEqual(listState(sender), []);
  } finally {
    await back.close();
  }
});

testSending('fresh output takes the place of what was kept', async (sender) => {
  const { receiver, state } = sender;
  keep(sender, 1_700_000_000, goodOutput);
  writeAgent(sender, newerOutput);
  receiver.answer = { status: 503 };
  await send(sender, 83, `${urlFor(sender)} answered 503`);
  const [name = '', ...others] = listState(sender);
  assert.deepEqual(others, []);
  assert.deepEqual(readFileSync(join(state, name)), newerOutput);
  receiver.answer = { status: 204 };
  await send(sender, 0);
  assert.deepEqual(
    receiver.arrivals.map(({ output }) => output),
    [newerOutput, newerOutput],
  );
  assert.deepEqual(listState(sender), []);
});

testHost('of several kept outputs the newest is sent, and only once', async (sender) => {
  keep(sender, 999_999_999, goodOutput);
  keep(sender, 1_700_000_000, newerOutput);
  keep(sender, 1_600_000_000, goodOutput);
  await send(sender, 9, `${breakAgent(sender)}; sent what was left from before`);
  const [arrival] = sender.receiver.arrivals;
  assert.equal(arrival?.headers['x-produced-at'], '1700000000');
  assert.deepEqual(arrival.output, newerOutput);
  await send(sender, 9, `${breakAgent(sender)}; nothing is left to send`);
  assert.equal(sender.receiver.arrivals.length, 1);
});

testHost('what is kept stays when it cannot be sent again', async (sender) => {
  keep(sender, 1_700_000_000, goodOutput);
  sender.receiver.answer = { status: 429, text: 'too many' };
  const why = `${sender.receiver.url} answered 429: too many`;
  await send(sender, 9, `${breakAgent(sender)}; ${why}`);
  assert.deepEqual(listState(sender), ['unsent.1700000000']);
});

testHost('a kept output that was torn is not sent', async (sender) => {
  keep(sender, 1_700_000_000, Buffer.alloc(0));
  await send(sender, 9, `${breakAgent(sender)}; nothing is left to send`);
  assert.deepEqual(sender.receiver.arrivals, []);
});

testHost(
  'an agent that prints nothing, or was killed, is not taken at its word',
  async (sender) => {
    const { agent } = sender;
    writeScript(agent, ':');
    await send(sender, 9, `the agent printed no section: ${agent}; nothing is left to send`);
    writeScript(agent, "printf '\\000\\377<<<not here'");
    await send(sender, 9, `the agent printed no section: ${agent}; nothing is left to send`);
    writeScript(agent, "echo '<<<check_mk>>>'", 'kill -KILL $$');
    const { code, stderr } = await startSending(sender).ended;
    assert.equal(code, 8);
    assert.match(
      stderr,
      /^courier-send: the agent ended with \d+: \S+; nothing is left to send\n$/,
    );
    assert.deepEqual(sender.receiver.arrivals, []);
  },
);

testHost('an agent that fails after its sections is still heard', async (sender) => {
  writeFileSync(join(sender.root, 'printed'), goodOutput);
  writeScript(sender.agent, `cat '${sender.root}/printed'`, 'echo noise >&2', 'exit 3');
  await send(sender, 0);
  assert.deepEqual(sender.receiver.arrivals[0]?.output, goodOutput);
});

testHost('what is kept is private', async (sender) => {
  writeAgent(sender, goodOutput);
  sender.receiver.answer = { status: 401 };
  await send(sender, 21, `${sender.receiver.url} answered 401`);
  const [name = ''] = listState(sender);
  const modes = [sender.state, join(sender.state, name)].map((path) => statSync(path).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o600]);
});
