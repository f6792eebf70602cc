/** A secret random to the run is looked for in everything the program says and shows. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { courier, type Ended, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const canary = `canary-${randomBytes(12).toString('hex')}`;

/** All forms in which the secret may show. */
const forms = [
  canary,
  Buffer.from(`monitor:${canary}`).toString('base64'),
  Buffer.from(canary).toString('base64').slice(0, -4),
];

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** Command lines of every process there is; one may end while we look. */
function commandLines(): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  return globSync('/proc/[0-9]*/cmdline').map(read).join('\n');
}

async function writeSecret(t: TestContext, text: string): Promise<string> {
  const path = join(await makeTempDir(t), 'secret');
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}

function assertKept(ended: Ended, seen: string): void {
  const everything = [ended.stdout.toString('latin1'), ended.stderr, seen].join('\n');
  for (const form of forms) assert.ok(!everything.includes(form), `${form} shows:\n${everything}`);
}

/** Runs with the secret while the server gives it back in every way a server can. */
async function runWithSecret(t: TestContext, options: readonly string[]): Promise<void> {
  let seen = '';
  let received = '';
  const url = await serve(t, (request, response) => {
    seen += commandLines();
    const said = `${request.headers.authorization ?? ''} ${request.headers['x-key'] ?? ''}`;
    received += said + Buffer.from(said.replace(/^Basic /, ''), 'base64').toString();
    if (request.url?.startsWith('/moved')) response.setHeader('location', `/?t=${canary}`);
    response.statusCode = request.url?.startsWith('/moved') ? 302 : 500;
    response.statusMessage = `Broken ${said} ${canary}`.trim();
    response.end(`<html><title>${said} ${canary}</title>${received}</html>`);
  });
  for (const path of ['/web01', '/moved']) {
    const args = ['fetch', '--debug', '--host=web01', '--redirects=2', ...options, `${url}${path}`];
    const ended = await start(courier, args, { env: {} }).ended;
    assert.notEqual(ended.code, 0);
    assertKept(ended, seen);
  }
  assert.ok(received.includes(canary), 'the server never got the secret');
}

test('a password given by file shows nowhere', async (t) => {
  const file = await writeSecret(t, canary);
  await runWithSecret(t, ['--user=monitor', `--password-file=${file}`]);
});

test('a token given by file shows nowhere', async (t) => {
  await runWithSecret(t, [`--token-file=${await writeSecret(t, canary)}`]);
});

test('a secret header given by file shows nowhere', async (t) => {
  await runWithSecret(t, [`--header-file=${await writeSecret(t, `X-Key: ${canary}`)}`]);
});

test('a secret in the wrong place is refused without being shown', async () => {
  for (const source of [`https://monitor:${canary}@depot/x`, `ftp://monitor:${canary}@depot/x`]) {
    const ended = await start(courier, ['fetch', '--debug', '--host=web01', source]).ended;
    assert.equal(ended.code, 2);
    assertKept(ended, '');
  }
});
