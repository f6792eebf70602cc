import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { catalog } from '../../src/transports/catalog.ts';
import { fillSourceUri, looksLikeSource, parseSourceUri } from '../../src/transports/source.ts';
import { anyText } from '../helpers/any-text.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

function fill(text: string, address?: string, host = 'web01'): string {
  return fillSourceUri(parseSourceUri(text), { host: parseHostName(host), address });
}

function assertRefused(text: string, message: string): void {
  const error = catchThrown(() => parseSourceUri(text));
  assert.deepEqual([error.code, error.message], ['USAGE', message]);
}

test('a URI is kept as it was given, its scheme in lower case', () => {
  assert.deepEqual(parseSourceUri('HTTP+unix://Depot/{host}?x#y'), {
    scheme: 'http+unix',
    text: 'HTTP+unix://Depot/{host}?x#y',
  });
  assert.deepEqual(parseSourceUri('spool:'), { scheme: 'spool', text: 'spool:' });
});

test('placeholders are filled in everywhere', () => {
  assert.equal(
    fill('http://{host}.lan:8080/{address}/{host}?h={host}&a={address}#{host}', '192.0.2.1'),
    'http://web01.lan:8080/192.0.2.1/web01?h=web01&a=192.0.2.1#web01',
  );
  assert.equal(fill('exec:{host}{address}', 'x'), 'exec:web01x');
});

test('an IPv6 address stands in brackets in the authority, percent-encoded elsewhere', () => {
  assert.equal(
    fill('tcp://{address}:6556/{address}?a={address}', '2001:db8::1'),
    'tcp://[2001:db8::1]:6556/2001%3Adb8%3A%3A1?a=2001%3Adb8%3A%3A1',
  );
  assert.equal(fill('ssh://monitor@{address}', '::1'), 'ssh://monitor@[::1]');
  assert.equal(fill('http://{host}/', undefined, '2001:db8::2'), 'http://[2001:db8::2]/');
});

test('the zone of an IPv6 address keeps its percent sign, encoded', () => {
  assert.equal(
    fill('tcp://{address}:6556/{address}', 'fe80::1%eth0'),
    'tcp://[fe80::1%25eth0]:6556/fe80%3A%3A1%25eth0',
  );
});

test('a bare absolute path is a file: URI in which only placeholders are not literal', () => {
  assert.equal(fill('/drops/{host}.txt'), 'file:///drops/web01.txt');
  assert.equal(fill('/a b/100%/ü/平'), 'file:///a%20b/100%25/%C3%BC/%E5%B9%B3');
  assert.equal(fill('/a?b#c;d:e@f\\g'), 'file:///a%3Fb%23c%3Bd%3Ae%40f%5Cg');
  assert.equal(fill('/'), 'file:///');
  assert.equal(fill('file:///%7Bx%7D'), 'file:///%7Bx%7D');
});

test('a placeholder that is mistyped is refused in every scheme', () => {
  for (const scheme of ['', ...Object.keys(catalog).map((name) => `${name}:`)]) {
    for (const word of ['{hots}', '{HOST}', '{}', '{host', '{{host}']) {
      const said = `unknown placeholder "${word}" in a source; there are {host} and {address}`;
      assertRefused(`${scheme}/x/${word}`, said);
    }
  }
});

test('the path of a bare path comes back from the URI as it was', () => {
  const paths = fc.string({ unit: 'grapheme' }).map((text) => `/${text.replaceAll(/[{}]/g, '')}`);
  fc.assert(
    fc.property(paths, (path) => {
      const uri = fill(path);
      assert.equal(decodeURIComponent(uri.slice('file://'.length)), path);
      assert.match(uri, /^file:\/\/\/[\w.~!*'()%/-]*$/);
    }),
  );
});

test('relative paths and other texts are no sources', () => {
  for (const text of ['drops/web01', './x', '../x', '', '{host}', ':x', '1a:b', 'ü:x', '?']) {
    assertRefused(text, `not a source: "${text}"; it must be a URI or an absolute path`);
  }
});

test('blanks and control characters in a URI are refused', () => {
  for (const text of ['http://h/a b', 'http://h/\n', 'http:\t', 'x:\0', 'x:\u00a0', 'x:\u0085']) {
    assertRefused(text, 'a source must not hold blanks or control characters');
  }
});

test('a password in a URI is refused without being shown', () => {
  for (const text of ['http://u:pw@h/', 'http://:pw@h', 'ssh://u:@h', 'tcp://{host}:{address}@h']) {
    assertRefused(text, 'a source must not hold a password; use --password-file');
  }
});

test('a user without a password, a port and a colon in the path are fine', () => {
  const uris = ['ssh://u@h:22/x', 'http://h:80/a:b@c', 'http://h/?x=a:b@c', 'http://[::1]:80/'];
  assert.deepEqual(
    uris.map((uri) => fill(uri)),
    uris,
  );
});

test('an unknown or unclosed placeholder in a URI is refused', () => {
  for (const text of ['{hots}', '{HOST}', '{}', '{host', '{a{host}', '{']) {
    assertRefused(
      `http://h/${text}`,
      `unknown placeholder "${text}" in a source; there are {host} and {address}`,
    );
  }
});

test('a source that needs an address is a mistake only for a host that has none', () => {
  const error = catchThrown(() => fill('tcp://{address}'));
  assert.deepEqual(
    [error.code, error.message],
    ['USAGE', 'the source needs {address}, but the host has no address (--address)'],
  );
  assert.equal(fill('tcp://{host}'), 'tcp://web01');
});

test('arguments that look like sources are URIs and absolute paths', () => {
  for (const text of ['/x', 'http://h', 'spool:', 'http+unix:x']) assert.ok(looksLikeSource(text));
  for (const text of ['x', './x', '--host=a:b', 'C:\\x', '', ':'])
    assert.ok(!looksLikeSource(text));
});

test('any text is a source without blanks or refused as USAGE', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anyText.map((text) => `x:${text}`),
        anyText,
      ),
      (text) => {
        try {
          assert.doesNotMatch(parseSourceUri(text.toWellFormed()).text, /[\p{Cc}\s]/u);
        } catch (error) {
          assert.ok(error instanceof CourierError, String(error));
          assert.equal(error.code, 'USAGE');
        }
      },
    ),
  );
});
