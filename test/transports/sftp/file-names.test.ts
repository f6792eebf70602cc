import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { parseRemoteFile } from '../../../src/transports/sftp/remote-file.ts';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { sshTest, useSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from '../ssh/leftovers.ts';
import { fetchOnce } from '../ssh/sources.ts';
import { toSftpSource } from './sources.ts';

const sshd = useSshd();
afterEach(assertNoLeftovers);

/** What sftp's batch files, its patterns, a shell or an option parser would take for something. */
const names = [
  'a b',
  ' a',
  'a  ',
  'a*b',
  '*',
  'a?b',
  'a[X]b',
  'a]b',
  'a{b,c}',
  'a\\b',
  'a\\*b',
  '\\',
  'a\\',
  'a"b',
  "a'b",
  `a'b"c`,
  '"a b"',
  '-x',
  '-oProxyCommand=x',
  '--rsh=x',
  '#x',
  '!ls',
  '@x',
  '~',
  '~root',
  '$(id)',
  '`id`',
  'a;b',
  'a|b',
  'a&b',
  'a>b',
  'ü',
  '𝄞',
  'a%20b',
  'a:b',
];

sshTest('file names are fetched literally, whatever they look like', async () => {
  const directory = join(sshd().directory, 'odd');
  await mkdir(directory);
  for (const decoy of ['aXb', 'ab', 'a.b', 'x', 'root']) {
    await writeFile(join(directory, decoy), 'decoy');
  }
  for (const name of names) await writeFile(join(directory, name), `is ${name}`);
  for (const name of names) {
    const { output } = await fetchOnce(sftp, toSftpSource(sshd(), join(directory, name)));
    assert.equal(output.toString(), `is ${name}`);
  }
});

sshTest('a name that is a pattern for others fetches none of them', async () => {
  const directory = join(sshd().directory, 'patterns');
  await mkdir(directory);
  await writeFile(join(directory, 'aXb'), 'decoy');
  for (const name of ['a*b', 'a?b', 'a[X]b', '*', '{aXb,x}', 'a\\Xb']) {
    const source = toSftpSource(sshd(), join(directory, name));
    await expectFault(fetchOnce(sftp, source), 'NO_OUTPUT');
  }
});

const target = { host: parseHostName('web01'), address: undefined };

test('names with line breaks and control characters, and no names, are USAGE', () => {
  const paths = [
    '/a%0Ab',
    '/a%0Aget%20x',
    '/a%00',
    '/a%0D',
    '/%1B',
    '/a%2Fb',
    '',
    '/',
    '/a/',
    '/%',
  ];
  for (const path of [...paths, '/a?b', '/a#b', '/%ff']) {
    const uri = parseSourceUri(`sftp://web01${path}`);
    assert.equal(catchThrown(() => parseRemoteFile(uri, target)).code, 'USAGE', path);
  }
});

test('the path is absolute, but for /~/', () => {
  const pathOf = (path: string) =>
    parseRemoteFile(parseSourceUri(`sftp://web01${path}`), target).path;
  assert.equal(pathOf('/var/spool/{host}.txt'), '/var/spool/web01.txt');
  assert.equal(pathOf('//var/x'), '//var/x');
  assert.equal(pathOf('/~/x%20y'), './x y');
  assert.equal(pathOf('/~x'), '/~x');
  assert.equal(pathOf('/a/~/x'), '/a/~/x');
});
