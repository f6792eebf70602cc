/** Which proxy the environment names, and for what. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseProxyOption, proxyFromEnvironment } from '../../src/web/proxy-address.ts';

function portFor(url: string, env: Record<string, string>): number | undefined {
  return proxyFromEnvironment(new URL(url), env)?.port;
}

describe('no_proxy', () => {
  const exempt: readonly (readonly [string, string])[] = [
    ['*', 'http://anything/'],
    ['depot.example', 'http://depot.example/'],
    ['example', 'http://depot.example/'],
    ['.example', 'http://depot.example/'],
    ['*.example', 'http://depot.example/'],
    ['a, DEPOT.example ,b', 'http://depot.example/'],
    ['a depot.example', 'http://depot.example/'],
    ['depot.example:8080', 'http://depot.example:8080/'],
    ['depot.example:443', 'https://depot.example/'],
    ['127.0.0.1', 'http://127.0.0.1/'],
    ['::1', 'http://[::1]/'],
    ['[::1]:8080', 'http://[::1]:8080/'],
  ];
  for (const [noProxy, url] of exempt) {
    test(`of "${noProxy}" exempts ${url}`, () => {
      assert.equal(
        portFor(url, { http_proxy: 'p:1', https_proxy: 'p:1', no_proxy: noProxy }),
        undefined,
      );
    });
  }

  const proxied: readonly (readonly [string, string])[] = [
    ['', 'http://depot.example/'],
    [',', 'http://depot.example/'],
    ['pot.example', 'http://depot.example/'],
    ['depot', 'http://depot.example/'],
    ['depot.example:8080', 'http://depot.example/'],
    ['0.0.1', 'http://127.0.0.1/'],
    ['127.0.0.1:80', 'http://127.0.0.1:8080/'],
  ];
  for (const [noProxy, url] of proxied) {
    test(`of "${noProxy}" does not exempt ${url}`, () => {
      assert.equal(portFor(url, { http_proxy: 'p:1', no_proxy: noProxy }), 1);
    });
  }
});

describe('the environment', () => {
  test('counts in lower case before upper case', () => {
    assert.equal(portFor('http://a/', { http_proxy: 'p:1', HTTP_PROXY: 'p:2' }), 1);
    assert.equal(portFor('http://a/', { HTTP_PROXY: 'p:2' }), 2);
    assert.equal(portFor('https://a/', { http_proxy: 'p:1', HTTPS_PROXY: 'p:3' }), 3);
    assert.equal(portFor('http://a/', { http_proxy: 'p:1', NO_PROXY: 'a' }), undefined);
  });

  test('means port 80 where it names none', () => {
    assert.equal(portFor('http://a/', { http_proxy: 'http://proxy' }), 80);
  });
});

test('a proxy may be an IPv6 address, and its user percent-encoded', () => {
  assert.deepEqual(parseProxyOption('http://si%40te@[::1]:3128'), {
    host: '::1',
    port: 3128,
    user: 'si@te',
    password: undefined,
  });
});
