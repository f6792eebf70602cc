/** courier-send with `--seal`, and handing in a key. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { keyVerifier } from '../../../src/sealing/keys.ts';
import { verifyDrop } from '../../../src/sealing/opening.ts';
import { fromStamp } from '../../../src/sealing/stamp.ts';
import { writeScript } from './courier-agent-shells.ts';
import { keysOf, publicKeyOf } from './courier-seal-shells.ts';
import { startReceiver } from './courier-send-peer.ts';
import {
  goodOutput,
  listState,
  send,
  serverTls,
  startSending,
  testHost,
  testSending,
  writeAgent,
} from './courier-send-shells.ts';

const sealing = () => ['--seal', `--seal-keys=${keysOf('host')}`];

/** What was sealed, and when it was produced, in seconds since 1970. */
async function open(drop: Buffer): Promise<{ output: Buffer; produced: number }> {
  const { header, body } = verifyDrop(drop, [await keyVerifier(publicKeyOf('host'))]);
  assert.equal(header.host, 'web01');
  const output = header.contentEncoding === 'gzip' ? gunzipSync(body) : body;
  return { output, produced: fromStamp(header.produced).getTime() / 1000 };
}

testSending('sealed output is sent as it was sealed', async (sender) => {
  writeAgent(sender, goodOutput);
  await send(sender, 0, '', sealing());
  const [arrival, ...others] = sender.receiver.arrivals;
  assert.ok(arrival !== undefined && others.length === 0);
  assert.equal(arrival.headers['content-encoding'], undefined);
  const { output, produced } = await open(arrival.output);
  assert.deepEqual(output, goodOutput);
  assert.equal(arrival.headers['x-produced-at'], String(produced));
  assert.deepEqual(listState(sender), []);
});

testHost('what is kept is sealed, and stays as it is', async (sender) => {
  const { receiver, state } = sender;
  writeAgent(sender, goodOutput);
  receiver.answer = { status: 503 };
  await send(sender, 83, `${receiver.url} answered 503`, sealing());
  const [name = ''] = listState(sender);
  const kept = readFileSync(join(state, name));
  assert.equal(`unsent.${(await open(kept)).produced}`, name);

  receiver.answer = { status: 204 };
  writeScript(sender.agent, 'exit 1');
  const why = `the agent printed no section: ${sender.agent}`;
  await send(sender, 9, `${why}; sent what was left from before`, sealing());
  assert.ok(receiver.arrivals.at(-1)?.output.equals(kept));
  assert.deepEqual(listState(sender), []);
});

testHost('without a key nothing is sent', async (sender) => {
  const { receiver, root } = sender;
  writeAgent(sender, goodOutput);
  const missing = `there is no key of this host in ${root}/none: courier-seal init makes one`;
  const args = ['--seal', `--seal-keys=${root}/none`];
  await send(sender, 4, `cannot seal: ${missing}; nothing is left to send`, args);
  assert.deepEqual([receiver.arrivals.length, listState(sender)], [0, []]);
});

testHost('the public half of the key is handed in where output is sent', async (sender) => {
  const { receiver, root } = sender;
  const args = ['--enroll', `--seal-keys=${keysOf('host')}`, '--agent=/nowhere'];
  receiver.answer = { status: 202, text: 'SHA256:abc waits\n' };
  const { code, stdout, stderr } = await startSending(sender, args).ended;
  assert.deepEqual(
    [code, stdout.toString(), stderr],
    [0, `${receiver.url}: SHA256:abc waits\n`, ''],
  );
  const [arrival] = receiver.arrivals;
  assert.equal(arrival?.url, '/v1/hosts/web01/seal-key');
  assert.ok(arrival?.output.equals(publicKeyOf('host')));

  const drop = join(root, 'new.drop');
  writeFileSync(drop, 'format cmk-courier-drop/1\n');
  receiver.answer = { status: 403, text: 'a key that was revoked' };
  const why = `${receiver.url} answered 403: a key that was revoked`;
  await send(sender, 23, why, [`--enroll=${drop}`]);
  assert.equal(receiver.arrivals.at(-1)?.output.toString(), 'format cmk-courier-drop/1\n');
  assert.deepEqual(listState(sender), []);
});

testHost(
  'a receiver that does not take the key keeps it from none of the others',
  async (sender) => {
    const { receiver } = sender;
    const second = await startReceiver(serverTls);
    try {
      receiver.answer = { status: 503 };
      second.answer = { status: 202, text: 'SHA256:abc waits\n' };
      const [first, other] = [receiver, second].map(({ port }) => `https://localhost:${port}`);
      const args = ['--enroll', `--seal-keys=${keysOf('host')}`, `--to=${first}`, `--to=${other}`];
      const { code, stdout, stderr } = await startSending(sender, args).ended;
      assert.deepEqual(
        [code, stdout.toString(), stderr],
        [83, `${other}: SHA256:abc waits\n`, `courier-send: ${first} answered 503\n`],
      );
    } finally {
      await second.close();
    }
  },
);
