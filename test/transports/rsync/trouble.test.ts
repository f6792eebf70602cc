import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { type Gate, withTcpProxy } from '../../helpers/tcp-proxy.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { startDepot } from './depot.ts';
import { assertNoLeftovers } from './leftovers.ts';

const skip = skipWithout('rsync');

/** Does something once, with the first piece of which `isIt` says so. */
function once(isIt: (piece: Buffer, before: number) => boolean, act: () => Promise<unknown>): Gate {
  let done = false;
  return async (piece, before) => {
    if (done || !isIt(piece, before)) return;
    done = true;
    await act();
  };
}

test('a peer that falls silent is TIMEOUT after --idle-timeout', { skip }, async (t) => {
  const { port: daemonPort, drop, messageFor } = await startDepot(t);
  await drop('file', Buffer.alloc(500_000, 'x'));
  const stall = once(
    (_, before) => before > 100_000,
    () => sleep(60_000, undefined, { ref: false }),
  );
  await withTcpProxy(daemonPort, stall, async (port) => {
    const fetching = { port, options: { idleTimeout: ['1s'] } };
    assert.match(
      await messageFor('drops/file', 'TIMEOUT', fetching),
      /^the peer fell silent for longer than --idle-timeout: /,
    );
  });
});

test('a peer that does not greet is TIMEOUT after --idle-timeout', { skip }, async (t) => {
  const { messageFor } = await startDepot(t);
  const { port, close } = await startHostileServer(() => undefined);
  t.after(close);
  assert.match(
    await messageFor('drops/file', 'TIMEOUT', { port, options: { idleTimeout: ['1s'] } }),
    /^the peer fell silent for longer than --idle-timeout: /,
  );
});

test('a peer that is no rsync daemon is PEER', { skip }, async (t) => {
  const { messageFor } = await startDepot(t);
  const answer = 'HTTP/1.1 400 Bad Request\r\n\r\n';
  const { port, close } = await startHostileServer((socket) => void socket.end(answer), {
    speaksFirst: true,
  });
  t.after(close);
  assert.match(
    await messageFor('drops/file', 'PEER', { port }),
    /^no rsync daemon answers there: "rsync: server sent 'HTTP/,
  );
});

test('a file replaced while it is fetched arrives whole, as it was', { skip }, async (t) => {
  const { port: daemonPort, drop, fetch } = await startDepot(t);
  const old = Buffer.alloc(1_000_000, 'old ');
  const path = await drop('file', old);
  let replaced = false;
  const replace = once(
    (_, before) => before > 100_000,
    async () => {
      await rename(await drop('.new', Buffer.alloc(900_000, 'new ')), path);
      replaced = true;
    },
  );
  await withTcpProxy(daemonPort, replace, async (port) => {
    const { output } = await fetch('drops/file', { port });
    assert.ok(replaced);
    assert.ok(output.equals(old));
  });
});

test('a file cut short while it is fetched does not arrive as a part', { skip }, async (t) => {
  const { port: daemonPort, drop, fetch } = await startDepot(t);
  await drop('file', Buffer.alloc(20_000_000, 'long'));
  const short = 'all there is now';
  const truncate = once(
    (_, before) => before > 100_000,
    () => drop('file', short),
  );
  await withTcpProxy(daemonPort, truncate, async (port) => {
    const arrived = await fetch('drops/file', { port }).then(
      ({ output }) => output.toString(),
      ({ code }) => code,
    );
    assert.ok([short, 'PEER', 'NO_OUTPUT'].includes(arrived), arrived.slice(0, 100));
  });
});

test('a file that vanishes before it is read is NO_OUTPUT', { skip }, async (t) => {
  const { port: daemonPort, drop, messageFor } = await startDepot(t);
  const path = await drop('vanishing', Buffer.alloc(100_000, 'x'));
  const vanish = once(
    (piece) => piece.includes('vanishing'),
    () => rename(path, join(dirname(path), '.gone')),
  );
  await withTcpProxy(daemonPort, vanish, async (port) => {
    assert.match(
      await messageFor('drops/vanishing', 'NO_OUTPUT', { port }),
      /^the file vanished before it was read: /,
    );
  });
});

test('a file that grows after its size was told is TOO_LARGE before it is all here', {
  skip,
}, async (t) => {
  const { port: daemonPort, drop, messageFor } = await startDepot(t);
  const path = await drop('growing', 'x');
  let passed = 0;
  const grow: Gate = async (piece) => {
    if (piece.includes('growing')) await writeFile(path, Buffer.alloc(20_000_000, 'x'));
    passed += piece.length;
    await sleep(5);
  };
  await withTcpProxy(daemonPort, grow, async (port) => {
    const fetching = { port, context: { maxOutputBytes: 100_000 } };
    assert.equal(
      await messageFor('drops/growing', 'TOO_LARGE', fetching),
      'the file has more than the allowed 100000 bytes',
    );
    assert.ok(passed < 20_000_000);
  });
});

/** A file system of 200 kB, or undefined where nothing may be mounted. */
async function mountSmall(t: TestContext): Promise<string | undefined> {
  const directory = await makeTempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'none', directory], {
      stdio: 'ignore',
    });
  } catch {
    await removeTempDir(directory);
    return undefined;
  }
  t.after(async () => {
    execFileSync('umount', [directory]);
    await removeTempDir(directory);
  });
  return directory;
}

test('a disk that is full here is LOCAL', { skip }, async (t) => {
  const { drop, messageFor } = await startDepot(t);
  const small = await mountSmall(t);
  if (small === undefined) return t.skip('mounting is not permitted here');
  await drop('big', Buffer.alloc(1_000_000, 'x'));
  const env = { PATH: process.env['PATH'], TMPDIR: small };
  assert.match(
    await messageFor('drops/big', 'LOCAL', { context: { env } }),
    /^there is no space for the file here: "rsync: \[receiver\] write failed on .*No space left/,
  );
  await assertNoLeftovers(env);
});
