/** Options: each alone, and which go together; all of it before anything is connected. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { parseOptions } from '../../../src/cli/options.ts';
import { httpOptions } from '../../../src/web/options.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { storePassword } from '../../helpers/password-store.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, writeSecret } from './fetching.ts';

let directory: string;
before(async () => {
  directory = await makeTempDir();
});
after(() => removeTempDir(directory));

const write = (name: string, content: string) => writeSecret(directory, name, content);

async function refuses(uri: string, options: RawOptions, message: string): Promise<void> {
  const fault = await expectFault(fetchOutput(uri, options), 'USAGE');
  assert.equal(fault.message, message);
}

describe('options that do not go together', () => {
  const file = ['/nonexistent'];
  const stored = ['a:/nonexistent'];
  const cases: readonly (readonly [string, RawOptions, string])[] = [
    ['https:', { passwordFile: file }, '--password-file needs --user'],
    ['https:', { passwordId: stored }, '--password-id needs --user'],
    ['https:', { user: ['a'] }, '--user needs --password-file or --password-id'],
    ['https:', { key: file }, '--key needs --cert'],
    ['https:', { keyPasswordFile: file }, '--key-password-file needs --cert'],
    ['https:', { keyPasswordId: stored }, '--key-password-id needs --cert'],
    [
      'https:',
      { tokenFile: file, tokenId: stored },
      '--token-file and --token-id exclude each other',
    ],
    ['https:', { proxyPasswordFile: file }, '--proxy-password-file needs --proxy'],
    [
      'https:',
      { user: ['a'], passwordFile: file, tokenFile: file },
      '--token-file and --user exclude each other',
    ],
    ['https:', { insecure: ['true'], ca: file }, '--insecure and --ca exclude each other'],
    ['http:', { ca: file }, '--ca needs an https: source'],
    ['http:', { cert: file }, '--cert needs an https: source'],
    ['http:', { insecure: ['true'] }, '--insecure needs an https: source'],
    ['http:', { tlsServerName: ['a'] }, '--tls-server-name needs an https: source'],
    ['http:', { tlsPin: [`sha256:${'0'.repeat(64)}`] }, '--tls-pin needs an https: source'],
    ['http+unix:', { family: ['4'] }, '--family makes no sense with http+unix:'],
    ['http+unix:', { proxy: ['env'] }, '--proxy makes no sense with http+unix:'],
    [
      'http:',
      { proxy: ['http://site@proxy:3128'] },
      'the user in --proxy needs --proxy-password-file or --proxy-password-id',
    ],
    [
      'http:',
      { proxy: ['http://proxy:3128'], proxyPasswordFile: file },
      '--proxy-password-file needs a user in --proxy, such as http://monitor@proxy:3128',
    ],
    [
      'http:',
      { proxy: ['http://proxy:3128'], proxyPasswordId: stored },
      '--proxy-password-id needs a user in --proxy, such as http://monitor@proxy:3128',
    ],
  ];
  for (const [scheme, options, message] of cases) {
    test(`are USAGE: ${message}`, () => refuses(`${scheme}//%2Fa/x`, options, message));
  }
});

describe('an option', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['user', 'a:b', '--user must hold neither a colon nor control characters'],
    ['user', '', '--user must not be empty'],
    ['tlsPin', 'abc', '--tls-pin must be sha256: and 32 bytes in base64 or hex, not "abc"'],
    [
      'tlsPin',
      'sha256:abc',
      '--tls-pin must be sha256: and 32 bytes in base64 or hex, not "sha256:abc"',
    ],
    ['tlsServerName', '127.0.0.1', '--tls-server-name must be a DNS name, not "127.0.0.1"'],
    ['tlsServerName', 'a b', '--tls-server-name must be a DNS name, not "a b"'],
    ['proxy', 'proxy:3128', '--proxy must be env or http://[USER@]HOST:PORT'],
    ['proxy', 'http://%zz@proxy', '--proxy not percent-encoded: "%zz"'],
    ['proxy', 'https://proxy', '--proxy must be env or http://[USER@]HOST:PORT'],
    ['proxy', 'http://proxy/path', '--proxy must be env or http://[USER@]HOST:PORT'],
    ['redirects', '11', '--redirects must be a number from 0 to 10, not "11"'],
    ['family', '5', '--family must be 4 or 6, not "5"'],
    ['connectTimeout', '0s', '--connect-timeout must be a duration of more than nothing, not "0s"'],
    ['header', 'no colon', '--header must be "Name: value"'],
    ['header', 'Na me: x', '--header must be "Name: value"'],
    ['header', 'X: a\r\nY: b', '--header has a character HTTP does not allow in "X"'],
    ['header', 'X: €', '--header has a character HTTP does not allow in "X"'],
    ['header', 'Range: bytes=0-1', '--header must not set "Range"'],
    ['header', 'Transfer-Encoding: chunked', '--header must not set "Transfer-Encoding"'],
  ];
  for (const [name, value, message] of cases) {
    test(`that is wrong is USAGE: ${message}`, () =>
      refuses('https://a/', { [name]: [value] }, message));
  }

  test('that would show a secret to everybody is USAGE, and does not repeat it', async () => {
    const secret = randomBytes(8).toString('hex');
    for (const [name, value] of [
      ['header', `Authorization: Bearer ${secret}`],
      ['header', `Cookie: session=${secret}`],
      ['proxy', `http://site:${secret}@proxy:3128`],
    ] as const) {
      const fault = await expectFault(fetchOutput('http://a/', { [name]: [value] }), 'USAGE');
      assert.doesNotMatch(fault.message, new RegExp(secret));
    }
  });

  test('has a value of its own kind', () => {
    const pin = Buffer.alloc(32, 7);
    const values = parseOptions(httpOptions, {
      tlsPin: [`sha256:${pin.toString('base64')}`, `sha256:${pin.toString('hex').toUpperCase()}`],
      header: ['X-Site:  central '],
    });
    assert.deepEqual(values.tlsPin, [pin.toString('hex'), pin.toString('hex')]);
    assert.deepEqual(values.header, [{ name: 'x-site', value: 'central' }]);
    assert.equal(values.connectTimeout, 5000);
    assert.equal(values.redirects, 0);
    assert.equal(values.insecure, false);
  });
});

describe('a file with secrets', () => {
  test('that is not there is LOCAL, that is empty is CONFIG', async () => {
    await expectFault(fetchOutput('http://a/', { tokenFile: ['/nonexistent'] }), 'LOCAL');
    await expectFault(
      fetchOutput('http://a/', { tokenFile: [await write('empty', '\n')] }),
      'CONFIG',
    );
  });

  test('with a token of several words is CONFIG', async () => {
    const tokenFile = [await write('token', 'two words')];
    await expectFault(fetchOutput('http://a/', { tokenFile }), 'CONFIG', /token is one word of/);
  });

  test('from the password store with a token of several words is CONFIG', async () => {
    const { reference, env } = await storePassword(directory, 'two words');
    const context = makeOpenContext({ env });
    const fault = await expectFault(
      fetchOutput('http://a/', { tokenId: [reference] }, context),
      'CONFIG',
    );
    assert.equal(
      fault.message,
      `reading --token-id ${reference}: a bearer token is one word of letters, digits and -._~+/=`,
    );
  });

  test('with a wrong header is CONFIG, naming the line and not the value', async () => {
    const secret = randomBytes(8).toString('hex');
    const headerFile = [await write('headers', `X-One: 1\n${secret}\n`)];
    const fault = await expectFault(fetchOutput('http://a/', { headerFile }), 'CONFIG');
    assert.equal(
      fault.message,
      `reading --header-file ${headerFile[0]}: line 2: must be "Name: value"`,
    );
  });

  test('that would send a second Authorization is USAGE', async () => {
    const options = {
      tokenFile: [await write('token', 'token')],
      headerFile: [await write('headers', 'Authorization: Basic eA==')],
    };
    await refuses('http://a/', options, 'more than one Authorization header');
  });

  test('is worth a warning when its content goes out unencrypted', async () => {
    const context = makeOpenContext();
    const tokenFile = [await write('token', 'token')];
    await fetchOutput('http://127.0.0.1:9/', { tokenFile }, context).catch(() => undefined);
    assert.match(context.log.lines.join('\n'), /^warn credentials travel unencrypted over http: /m);
  });
});

describe('a source', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['http:depot/x', 'not a URL: "http:depot/x"'],
    ['http:///x', 'not a URL: "http:///x"'],
    ['https://depot:99999/?token=geheim', 'not a URL: "https://depot:99999/?…"'],
    [
      'http+unix://%zz/x',
      'not an http+unix: URL: "http+unix://%zz/x"; one is http+unix://%2Frun%2Fagent.sock/path',
    ],
    ['https://site@depot/', 'the URL must not hold a user; use --user'],
    [
      'http+unix:///agent.sock',
      'not an http+unix: URL: "http+unix:///agent.sock"; one is http+unix://%2Frun%2Fagent.sock/path',
    ],
    [
      'http+unix://agent.sock/x',
      'not an http+unix: URL: "http+unix://agent.sock/x"; one is http+unix://%2Frun%2Fagent.sock/path',
    ],
  ];
  for (const [uri, message] of cases) {
    test(`that is no URL is USAGE: ${uri}`, () => refuses(uri, {}, message));
  }
});
