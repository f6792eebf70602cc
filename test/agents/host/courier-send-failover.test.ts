import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../../helpers/run-program.ts';
import { type Receiver, startReceiver } from './courier-send-peer.ts';
import {
  goodOutput,
  listState,
  type Sender,
  send,
  sendFile,
  serverTls,
  startSending,
  testHost,
  testSending,
  writeAgent,
} from './courier-send-shells.ts';

/** Runs with a second receiver beside that of the sender, both named as options. */
async function withSecond(
  sender: Sender,
  run: (
    second: Receiver,
    args: readonly string[],
    urls: readonly [string, string],
  ) => Promise<void>,
): Promise<void> {
  writeAgent(sender, goodOutput);
  const second = await startReceiver(serverTls);
  // BusyBox cannot check certificates of addresses.
  const urlOf = ({ port }: Receiver) => `https://localhost:${port}`;
  const urls = [urlOf(sender.receiver), urlOf(second)] as const;
  try {
    await run(
      second,
      urls.map((url) => `--to=${url}`),
      urls,
    );
  } finally {
    await second.close();
  }
}

testSending(
  'the second receiver takes what the first does not, and the first again',
  async (sender) => {
    await withSecond(sender, async (second, args, [firstUrl, secondUrl]) => {
      const { receiver } = sender;
      await send(sender, 0, '', args);
      await receiver.close();
      const { code, stderr } = await startSending(sender, args).ended;
      assert.equal(code, 0);
      assert.match(
        stderr,
        new RegExp(`^courier-send: ${secondUrl} took it; cannot send to ${firstUrl}: [^\n]+\n$`),
      );
      assert.deepEqual(
        second.arrivals.map(({ output, url }) => [output, url]),
        [[goodOutput, '/v1/hosts/web01/agent-output']],
      );
      // The next run has nothing new to say.
      await send(sender, 0, '', args);
      assert.equal(second.arrivals.length, 2);

      const back = await startReceiver(serverTls, receiver.port);
      try {
        await send(sender, 0, `${firstUrl} took it`, args);
        await send(sender, 0, '', args);
        assert.equal(back.arrivals.length, 2);
        assert.equal(second.arrivals.length, 2);
        assert.deepEqual(listState(sender), ['taken-by']);
      } finally {
        await back.close();
      }
    });
  },
);

/** What a first receiver answers, and whether that sends the output to the second. */
const answers: readonly (readonly [number, number, boolean])[] = [
  [500, 80, true],
  [503, 83, true],
  [200, 8, true],
  [302, 8, true],
  [400, 20, false],
  [401, 21, false],
  [403, 23, false],
  [413, 33, false],
  [429, 49, false],
];

testHost('only what says nothing about this host goes to the second receiver', async (sender) => {
  await withSecond(sender, async (second, args, [firstUrl, secondUrl]) => {
    for (const [status, code, isPassed] of answers) {
      sender.receiver.answer = { status };
      const before = second.arrivals.length;
      writeTaker(sender, firstUrl);
      const why = `${firstUrl} answered ${status}`;
      if (isPassed) await send(sender, 0, `${secondUrl} took it; ${why}`, args);
      else await send(sender, code, why, args);
      assert.equal(second.arrivals.length - before, isPassed ? 1 : 0, `${status}`);
    }
  });
});

/** Who took the last output. */
function writeTaker({ state }: Sender, url: string): void {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(join(state, 'taken-by'), `${url}\n`);
}

testHost('a silent receiver leaves the next one half of the time', async (sender) => {
  await withSecond(sender, async (second, args, [firstUrl, secondUrl]) => {
    sender.receiver.answer = { status: 0 };
    const why = `sending to ${firstUrl} took longer than 2s`;
    await send(sender, 0, `${secondUrl} took it; ${why}`, [...args, '--timeout=4']);
    assert.deepEqual(second.arrivals[0]?.output, goodOutput);
  });
});

testHost('when none takes it the output stays, and the first says the code', async (sender) => {
  await withSecond(sender, async (second, args, [firstUrl, secondUrl]) => {
    sender.receiver.answer = { status: 503, text: 'no room' };
    second.answer = { status: 500 };
    const line = `${firstUrl} answered 503: no room; ${secondUrl} answered 500`;
    await send(sender, 83, line, args);
    const [name = '', ...others] = listState(sender);
    assert.deepEqual(others, []);
    assert.deepEqual(readFileSync(join(sender.state, name)), goodOutput);

    second.answer = { status: 400, text: 'not agent output' };
    const refused = `${firstUrl} answered 503: no room; ${secondUrl} answered 400: not agent output`;
    await send(sender, 20, refused, args);
    assert.deepEqual(listState(sender), []);
  });
});

testHost('the configuration file names several too, and options replace them', async (sender) => {
  await withSecond(sender, async (second, args, [firstUrl, secondUrl]) => {
    const { root, agent, shell, env, receiver, state } = sender;
    receiver.answer = { status: 503 };
    const config = join(root, 'config');
    const lines = [`TO=${firstUrl}/`, `AGENT=${agent}`, 'HOST=web01', `CA=${root}/ca.pem`];
    writeFileSync(config, [...lines, `TO=${secondUrl}`, `STATE=${state}`, ''].join('\n'));
    const run = (more: readonly string[]) =>
      start(shell.file, [sendFile, ...more, `--config=${config}`], { env }).ended;
    const { code, stderr } = await run([]);
    assert.equal(code, 0);
    assert.equal(stderr, `courier-send: ${secondUrl} took it; ${firstUrl} answered 503\n`);
    const [, only = ''] = args;
    assert.deepEqual((await run([only])).stderr, '');
    assert.equal(second.arrivals.length, 2);
    assert.equal(receiver.arrivals.length, 1);
  });
});

testSending('only the line of the status tells what it is', async (sender) => {
  await withSecond(sender, async (second, args) => {
    const taken = 'HTTP/1.1 204 No Content';
    sender.receiver.answer = { status: 503, reason: taken, text: `${taken}\r\n\r\n${taken}\r\n` };
    assert.equal((await startSending(sender, args).ended).code, 0);
    assert.deepEqual([sender.receiver.arrivals.length, second.arrivals.length], [1, 1]);
  });
});
