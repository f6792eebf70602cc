/** Redirects: how far, to whom, and what goes along. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { Authority } from '../../helpers/certificates.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import {
  type Behaviour,
  type HostileServer,
  startHostileServer,
  withHostileServer,
} from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, toResponse, writeSecret } from './fetching.ts';

const password = randomBytes(12).toString('hex');
const authority = new Authority();
const tls = authority.issueServer({ name: 'localhost' });
let directory: string;
let secrets: RawOptions;
let other: HostileServer;

before(async () => {
  directory = await makeTempDir();
  secrets = {
    user: ['site'],
    passwordFile: [await writeSecret(directory, 'password', password)],
    header: ['X-Site: central'],
    headerFile: [await writeSecret(directory, 'headers', `X-Api-Key: ${password}`)],
    redirects: ['3'],
  };
  other = await startHostileServer((socket) => void socket.end(toResponse('other')));
});
after(async () => {
  await other.close();
  await removeTempDir(directory);
});

function leadTo(location: string, status = '302 Found'): Behaviour {
  return (socket, request) => {
    const isFirst = request.startsWith('GET /first');
    const answer = isFirst ? toResponse('', [`Location: ${location}`], status) : toResponse('here');
    socket.write(answer);
  };
}

async function follow(location: string, options: RawOptions, status?: string): Promise<string[]> {
  let requests: string[] = [];
  await withHostileServer(leadTo(location, status), async (server) => {
    await fetchOutput(`http://localhost:${server.port}/first?a=1`, options);
    requests = [...server.requests];
  });
  return requests;
}

const secretHeaders = /authorization|x-api-key|x-site|cookie/i;

describe('a redirect to the same place', () => {
  test('is followed with the credentials, over the same connection', async () => {
    for (const location of ['/second?b=2', 'second?b=2#part', './second?b=2']) {
      const [first = '', second = ''] = await follow(location, secrets);
      assert.match(first, /^authorization: Basic /m);
      assert.match(
        second,
        /^GET \/second\?b=2 HTTP[\s\S]*^authorization: Basic [\s\S]*^x-api-key: /m,
      );
    }
  });

  test('is followed for each status that is one', async () => {
    for (const status of ['301 Moved', '302 Found', '303 See', '307 Temporary', '308 Permanent']) {
      assert.equal((await follow('/second', secrets, status)).length, 2);
    }
  });

  test('ends after as many as are allowed, with PEER', async () => {
    let count = 0;
    const onAndOn: Behaviour = (socket) => {
      count += 1;
      socket.write(toResponse('', [`Location: /${count}`], '301 Moved Permanently'));
    };
    await withHostileServer(onAndOn, async ({ port, requests }) => {
      const fetched = fetchOutput(`http://localhost:${port}/`, { redirects: ['3'] });
      await expectFault(
        fetched,
        'PEER',
        /^http:\/\/localhost:\d+\/3: more redirects than the allowed 3$/,
      );
      assert.equal(requests.length, 4);
    });
  });

  test('that leads back to where it was is called a loop, at once', async () => {
    const pages: Readonly<Record<string, string>> = {
      '/a': '/b',
      '/b': '/c?t=1',
      '/c?t=1': '/a#x',
    };
    const around: Behaviour = (socket, request) => {
      const [, path = ''] = /^GET (\S+)/.exec(request) ?? [];
      socket.write(toResponse('', [`Location: ${pages[path] ?? path}`], '302 Found'));
    };
    await withHostileServer(around, async ({ port, requests }) => {
      const at = `http://localhost:${port}`;
      const loop = 'a redirect loop: the peer answered 302 "Found", which leads back to';
      const long = fetchOutput(`${at}/a`, { redirects: ['10'] });
      assert.equal((await catchFault(long)).message, `${at}/c?…: ${loop} ${at}/a`);
      assert.equal(requests.length, 3);
      const short = fetchOutput(`${at}/self`);
      assert.equal((await catchFault(short)).message, `${at}/self: ${loop} ${at}/self`);
    });
  });
});

describe('a redirect to another place', () => {
  test('carries no credentials and no extra header, and never again on the way', async () => {
    const back = (port: number) => `http://localhost:${port}/back`;
    await withHostileServer(
      (socket, request) => {
        const isFirst = request.startsWith('GET /first');
        const location = `Location: http://127.0.0.1:${other.port}/there`;
        socket.write(isFirst ? toResponse('', [location], '302 Found') : toResponse('back'));
      },
      async (server) => {
        const url = `http://localhost:${server.port}/first`;
        assert.equal(String((await fetchOutput(url, secrets)).output), 'other');
        assert.match(other.requests.at(-1) ?? '', /^GET \/there HTTP\/1.1\r\n/);
        assert.doesNotMatch(other.requests.join(''), secretHeaders);
        await withHostileServer(leadTo(back(server.port)), async ({ port }) => {
          await fetchOutput(`http://localhost:${port}/first`, secrets);
          assert.match(server.requests.at(-1) ?? '', /^GET \/back /);
          assert.doesNotMatch(server.requests.at(-1) ?? '', secretHeaders);
        });
      },
    );
  });

  test('may be one from http to https, without credentials', async () => {
    await withHostileServer(
      (socket) => void socket.end(toResponse('encrypted')),
      async (encrypted) => {
        const env = { SSL_CERT_FILE: await writeSecret(directory, 'ca.pem', authority.cert) };
        const location = `https://localhost:${encrypted.port}/there`;
        await withHostileServer(leadTo(location), async ({ port }) => {
          const url = `http://localhost:${port}/first`;
          const delivery = await fetchOutput(url, secrets, makeOpenContext({ env }));
          assert.equal(String(delivery.output), 'encrypted');
          assert.equal(delivery.origin, location);
        });
        assert.doesNotMatch(encrypted.requests.join(''), secretHeaders);
      },
      { tls },
    );
  });

  test('does not send the user and password it names', async () => {
    await follow(`http://eve:guess@127.0.0.1:${other.port}/named`, { redirects: ['1'] });
    assert.match(other.requests.at(-1) ?? '', /^GET \/named /);
    assert.doesNotMatch(other.requests.at(-1) ?? '', secretHeaders);
  });
});

describe('a redirect that is not followed', () => {
  test('is REFUSED from https to http', async () => {
    const ca = [await writeSecret(directory, 'ca.pem', authority.cert)];
    await withHostileServer(
      leadTo(`http://127.0.0.1:${other.port}/there`),
      async ({ port }) => {
        const before = other.requests.length;
        await expectFault(
          fetchOutput(`https://localhost:${port}/first`, { ...secrets, ca }),
          'REFUSED',
          /\/first: a redirect from https to "http:\/\/127.0.0.1:\d+" is not followed$/,
        );
        assert.equal(other.requests.length, before);
      },
      { tls },
    );
  });

  test('is PEER from a Unix socket to anywhere else', async () => {
    const path = `${directory}/agent.sock`;
    await withHostileServer(
      leadTo(`http://127.0.0.1:${other.port}/there`),
      async () => {
        await expectFault(
          fetchOutput(`http+unix://${encodeURIComponent(path)}/first`, { redirects: ['1'] }),
          'PEER',
          /: a redirect from a Unix socket to "http:/,
        );
      },
      { path },
    );
  });

  test('is PEER when it leads nowhere', async () => {
    for (const location of ['file:///etc/passwd', 'javascript:x', 'http://', 'http://a b/']) {
      await expectFault(
        follow(location, { redirects: ['1'] }),
        'PEER',
        /without a usable Location$/,
      );
    }
  });
});
