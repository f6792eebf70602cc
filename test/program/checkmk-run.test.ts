/** The program run exactly as a Checkmk site runs it (checkmk-site.md#running). */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { courier, type Ended, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const sections = `<<<check_mk>>>\nVersion: 1\n<<<big>>>\n${'0123456789abcde\n'.repeat(200_000)}`;

/** Through the shell, in a session of its own, as the commercial core starts it. */
function runInSession(commandLine: string) {
  return start('/bin/sh', ['-c', commandLine], { detached: true });
}

async function writeDrop(t: TestContext): Promise<string> {
  const path = join(await makeTempDir(t), 'web01');
  writeFileSync(path, sections);
  return path;
}

/** A web server that answers at once, or never when the path says so. */
async function startServer(t: TestContext): Promise<string> {
  const server: Server = createServer((request, response) => {
    if (request.url !== '/hang') response.end(sections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address() as AddressInfo;
  return `http://127.0.0.1:${address.port}`;
}

function assertWholeOrFailed(ended: Ended): void {
  if (ended.code === 0) assert.equal(ended.stdout.toString(), sections);
}

test('the rule text with its macros filled in prints the agent output', async (t) => {
  const drop = await writeDrop(t);
  const line = `${courier} fetch --host=web01 --address=10.0.0.1 ${drop.replace('web01', '{host}')}`;
  const ended = await runInSession(line).ended;
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  assert.equal(ended.stdout.toString(), sections);
});

test('a failure is one line on stderr, nothing on stdout, and an exit code of our own', async (t) => {
  const missing = join(await makeTempDir(t), 'web01');
  const ended = await runInSession(`${courier} fetch --host=web01 ${missing}`).ended;
  assert.equal(ended.stdout.length, 0);
  assert.match(ended.stderr, /^cmk-courier: file: web01: [^\n|]+ \(NO_OUTPUT\)\n$/);
  assert.equal(ended.code, 9);
});

test('SIGTERM to the group at random moments never leaves a part with exit code 0', async (t) => {
  const drop = await writeDrop(t);
  const url = await startServer(t);
  let interrupted = 0;
  for (let run = 0; run < 60; run += 1) {
    const source = [drop, url, `${url}/hang ${drop}`][run % 3];
    const running = runInSession(`${courier} fetch --host=web01 ${source}`);
    await sleep(randomInt(90));
    try {
      process.kill(-running.pid, 'SIGTERM');
    } catch {
      // It has ended already.
    }
    const ended = await running.ended;
    assertWholeOrFailed(ended);
    if (ended.code !== 0) interrupted += 1;
  }
  assert.ok(interrupted > 0, 'no run was hit');
});

test('SIGTERM ends a fetch that waits for a silent peer, as a signal and with its line', async (t) => {
  const url = await startServer(t);
  const running = start(courier, ['fetch', '--host=web01', '-v', `${url}/hang`]);
  await sleep(500);
  process.kill(running.pid, 'SIGTERM');
  const ended = await running.ended;
  assert.equal(ended.signal, 'SIGTERM');
  assert.equal(ended.stdout.length, 0);
  assert.match(ended.stderr, /cmk-courier: http: web01: ended by SIGTERM \(INTERRUPTED\)\n$/);
});

test('SIGTERM ends a program whose output nobody reads', async (t) => {
  const drop = await writeDrop(t);
  const pidFile = `${drop}.pid`;
  const script = `{ "$1" fetch --host=web01 "$2" & echo $! >"$3"; wait $!; echo "code $?" >&2; } | sleep 2`;
  const running = start('/bin/sh', ['-c', script, 'sh', courier, drop, pidFile]);
  await sleep(700);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
  const ended = await running.ended;
  assert.match(ended.stderr, /code 143\n$/);
});

test('a slow reader of stdout gets every byte', async (t) => {
  const drop = await writeDrop(t);
  const script = `{ "$1" fetch --host=web01 "$2"; echo "code $?" >&2; } | { sleep 1; cat; }`;
  const ended = await start('/bin/sh', ['-c', script, 'sh', courier, drop]).ended;
  assert.equal(ended.stderr, 'code 0\n');
  assert.equal(ended.stdout.toString(), sections);
});

test('a reader that goes away is a fault of its own, not a crash', async (t) => {
  const drop = await writeDrop(t);
  const script = `{ "$1" fetch --host=web01 "$2"; echo "code $?" >&2; } | head -c 10`;
  const ended = await start('/bin/sh', ['-c', script, 'sh', courier, drop]).ended;
  assert.equal(
    ended.stderr,
    'cmk-courier: file: web01: writing to stdout: nobody reads it any more (LOCAL)\ncode 4\n',
  );
});
