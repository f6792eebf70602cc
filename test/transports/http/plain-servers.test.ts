/** Servers that are simple: BusyBox httpd with a plain CGI script, and what else does as it does. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Daemon, startDaemon } from '../../helpers/daemon.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { withHostileServer } from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, toResponse } from './fetching.ts';

const skip = skipWithout('busybox');
const output = '<<<check_mk>>>\nVersion: 2.4.0\n';

const scripts = {
  plain: 'echo "Content-Type: text/plain"; echo',
  'with-length': `printf 'Content-Length: ${output.length}\\n\\n'`,
  'length-twice': `printf 'Content-Length: ${output.length}\\nContent-Length: ${output.length}\\n\\n'`,
  'too-short': `printf 'Content-Length: ${output.length + 1}\\n\\n'`,
  'old-file': 'printf "Last-Modified: %s\\n\\n" "$(LC_ALL=C date -u -d @1767261600)"',
  'no-file': 'printf "Last-Modified: %s\\n\\n" ""',
};

let directory: string;
let httpd: Daemon;
let base: string;

before(async () => {
  if (skip) return;
  directory = await makeTempDir();
  await mkdir(join(directory, 'cgi-bin'));
  for (const [name, header] of Object.entries(scripts)) {
    const script = `#!/bin/sh\n${header}\nprintf '${output.replaceAll('\n', '\\n')}'\n`;
    await writeFile(join(directory, 'cgi-bin', name), script, { mode: 0o755 });
  }
  await writeFile(join(directory, 'web01'), output);
  const port = await findFreePort();
  base = `http://127.0.0.1:${port}`;
  const args = ['httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', directory];
  httpd = await startDaemon('busybox', args, { host: '127.0.0.1', port });
});
after(async () => {
  if (skip) return;
  await httpd.stop();
  await removeTempDir(directory);
});

describe('BusyBox httpd', { skip }, () => {
  test('serves files', async () => {
    assert.equal(String((await fetchOutput(`${base}/{host}`)).output), output);
  });

  test('serves scripts whose header lines end in LF alone', async () => {
    for (const name of ['plain', 'with-length', 'length-twice']) {
      const { output: body } = await fetchOutput(`${base}/cgi-bin/${name}`);
      assert.equal(String(body), output, name);
    }
  });

  test('serves nothing that is torn where a length tells', async () => {
    await expectFault(fetchOutput(`${base}/cgi-bin/too-short`), 'UNREACHABLE', /30 of 31 bytes$/);
    const options = { requireLength: ['true'] };
    await expectFault(fetchOutput(`${base}/cgi-bin/plain`, options), 'PEER', /has no length/);
    await fetchOutput(`${base}/cgi-bin/with-length`, options);
  });

  test('tells how old stored output is in the words of its date', async () => {
    const { producedAt } = await fetchOutput(`${base}/cgi-bin/old-file`);
    assert.deepEqual(producedAt, new Date('2026-01-01T10:00:00Z'));
    const { producedAt: none } = await fetchOutput(`${base}/cgi-bin/no-file`);
    assert.deepEqual(none, { unreadable: 'Last-Modified ""' });
  });
});

/** The body of what a server says in these bytes. */
async function read(response: string): Promise<string> {
  let body = '';
  await withHostileServer(
    (socket) => void socket.end(response, 'latin1'),
    async ({ port }) => {
      body = String((await fetchOutput(`http://127.0.0.1:${port}/`)).output);
    },
  );
  return body;
}

describe('header lines', () => {
  test('may end in LF alone, all or some of them', async () => {
    for (const response of [
      'HTTP/1.0 200 OK\nContent-Length: 3\n\nabc',
      'HTTP/1.1 200 OK\r\nX: y\nContent-Length: 3\r\n\nabc',
      'HTTP/1.1 200 OK\nX: y\r\nContent-Length: 3\n\r\nabc',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n0\r\n\r\n',
    ]) {
      assert.equal(await read(response), 'abc', JSON.stringify(response));
    }
  });

  test('say no less strictly for that how long the body is', async () => {
    for (const [response, why] of [
      ['HTTP/1.1 200 OK\nContent-Length: 4\n\nabc', /connection lost after 3 of 4 bytes$/],
      ['HTTP/1.1 200 OK\nContent-Length: 2\n\nabc', /sent more bytes than it announced$/],
      [
        'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\r\nab',
        /lost after 2 bytes, before the end$/,
      ],
      ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 3\n\nabc', /not an HTTP/],
      [
        'HTTP/1.1 200 OK\nContent-Length: 3\nTransfer-Encoding: chunked\n\nabc',
        /not an HTTP|contradicts/,
      ],
      ['HTTP/1.1 200 OK\nX: y\rContent-Length: 3\n\nabc', /not an HTTP/],
      ['HTTP/1.1 200 OK\nX: y\n z\nContent-Length: 3\n\nabc', /not an HTTP/],
      ['HTTP/1.1 200 OK\nContent-Length : 3\n\nabc', /not an HTTP/],
    ] as const) {
      const fault = await expectAnyFault(read(response));
      assert.match(fault, why, JSON.stringify(response));
    }
  });

  test('end in the same way in the next response of a connection', async () => {
    let asked = 0;
    await withHostileServer(
      (socket) => {
        asked += 1;
        const twice = 'Content-Length: 3\nContent-Length: 3\n\nab';
        socket.write(`HTTP/1.1 302 Found\nLocation: /${asked}\n${twice}${asked}`);
      },
      async ({ port, requests }) => {
        const fetched = fetchOutput(`http://127.0.0.1:${port}/`, { redirects: ['2'] });
        await expectFault(fetched, 'PEER', /\/2: more redirects than the allowed 2$/);
        assert.equal(requests.length, 3);
      },
    );
  });
});

async function expectAnyFault(fetched: Promise<string>): Promise<string> {
  const said = await fetched.then(
    (body) => `fetched ${body}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return said;
}

test('caches are asked to ask again, unless a header of ours says otherwise', async () => {
  await withHostileServer(
    (socket) => void socket.end(toResponse('abc')),
    async ({ port, requests }) => {
      const url = `http://127.0.0.1:${port}/`;
      await fetchOutput(url);
      assert.match(requests.at(-1) ?? '', /\r\ncache-control: no-cache\r\npragma: no-cache\r\n/);
      await fetchOutput(url, { header: ['Cache-Control: max-age=5'] }, makeOpenContext());
      assert.match(requests.at(-1) ?? '', /\r\ncache-control: max-age=5\r\n/);
      assert.doesNotMatch(requests.at(-1) ?? '', /cache-control: no-cache/);
    },
  );
});
