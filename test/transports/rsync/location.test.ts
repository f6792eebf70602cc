import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { locateRemoteFile, type RsyncLocation } from '../../../src/transports/rsync/location.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';

function locateUri(uri: string, host = 'web01', address?: string): RsyncLocation {
  return locateRemoteFile(parseSourceUri(uri), { host: parseHostName(host), address });
}

function argumentFor(uri: string, host?: string, address?: string): string {
  return locateUri(uri, host, address).argument;
}

function messageFor(uri: string): string {
  const fault = catchThrown(() => locateUri(uri));
  assert.equal(fault.code, 'USAGE');
  return fault.message;
}

test('a source becomes the one argument rsync wants', () => {
  assert.equal(argumentFor('rsync://depot/drops/{host}.txt'), 'rsync://depot/drops/web01.txt');
  assert.equal(argumentFor('rsync://mon@depot:1873/m/a'), 'rsync://mon@depot:1873/m/a');
  assert.equal(argumentFor('rsync://{host}/m/a', '2001:db8::1'), 'rsync://[2001:db8::1]/m/a');
  assert.equal(
    argumentFor('rsync://{address}:1873/m/a', 'web01', 'fe80::1%eth0'),
    'rsync://[fe80::1%eth0]:1873/m/a',
  );
  assert.equal(argumentFor('rsync+ssh://mon@{host}:222/var/out'), 'web01:/var/out');
  assert.equal(argumentFor('rsync+ssh://{host}/out', '2001:db8::1'), '[2001:db8::1]:/out');
});

test('a name is meant literally, and what a shell could see in it is kept from shells', () => {
  const names = [
    'a b',
    '$(x)',
    '`x`',
    'a;b',
    "it's",
    '"',
    '--rsh=x',
    '-e',
    'ü',
    '{a,b}',
    '~',
    '#',
    '!',
  ];
  for (const name of names) {
    const uri = `rsync+ssh://depot/drops/${encodeURIComponent(name)}`;
    const { argument, needsSeclusion } = locateUri(uri);
    assert.equal(argument, `depot:/drops/${name}`);
    assert.equal(needsSeclusion, !/^[\w=-]+$/.test(name), name);
  }
  assert.equal(locateUri('rsync://depot/m/a-b_c.d:e,f=g@h%25i+j').needsSeclusion, false);
});

test('a file cannot become an option of the daemon, which reads what is behind the module', () => {
  assert.equal(argumentFor('rsync://depot/m/--rsh=x'), 'rsync://depot/m/./--rsh=x');
  assert.equal(argumentFor('rsync://depot/-m/-d/-e'), 'rsync://depot/-m/./-d/-e');
  assert.equal(argumentFor('rsync://depot/m/d/-e'), 'rsync://depot/m/d/-e');
  assert.equal(argumentFor('rsync+ssh://depot/-e'), 'depot:/-e');
});

test('what rsync would expand at the far end is refused', () => {
  for (const name of ['*', 'a?', '[ab]', 'a\\b']) {
    assert.equal(
      messageFor(`rsync://depot/m/${encodeURIComponent(name)}`),
      `a rsync source must not have *, ?, [, ] or \\ in its path, here "/m/${name}"`,
    );
  }
});

test('what leads elsewhere is refused', () => {
  for (const path of ['m/../x', 'm/./x', 'm//x', '../m/x', 'm/%2e%2e/x', 'm/..%2fx']) {
    assert.match(messageFor(`rsync://depot/${path}`), /must not have empty parts, \. or \.\. in/);
  }
});

test('line ends and other control characters are refused', () => {
  for (const code of ['%0a', '%0d', '%00', '%1b']) {
    assert.match(messageFor(`rsync://depot/m/a${code}b`), /^the source has a control character/);
  }
});

test('a source that names no file is refused', () => {
  for (const uri of ['rsync://depot', 'rsync://depot/', 'rsync://depot/m', 'rsync://depot/m/a/']) {
    assert.match(messageFor(uri), /must name a file, as in …\/module\/path$/);
  }
  for (const uri of ['rsync+ssh://depot', 'rsync+ssh://depot/', 'rsync+ssh://depot/a/']) {
    assert.match(messageFor(uri), /must name a file, as in …\/path$/);
  }
  assert.match(messageFor('rsync:depot/m/a'), /looks like rsync:\/\/\[user@\]host\[:port\]/);
  assert.match(messageFor('rsync://depot/m/a?b'), /has no query/);
});

test('no user and no host can become an option', () => {
  const options = [
    '-oProxyCommand=x',
    '--rsh=x',
    '-e',
    '%2doProxyCommand=x',
    '-l@depot',
    'a%40b@depot',
    '$(x)',
    '',
  ];
  for (const authority of options) {
    for (const scheme of ['rsync', 'rsync+ssh']) {
      assert.match(
        messageFor(`${scheme}://${authority}/m/a`),
        /must name \[user@\]host\[:port\], not /,
      );
    }
  }
});
