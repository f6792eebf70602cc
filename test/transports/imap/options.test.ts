import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { locateFolder } from '../../../src/transports/imap/folder-place.ts';
import { imap } from '../../../src/transports/imap/imap.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';

const usual = { passwordFile: ['/nowhere'], mailSubject: ['Checkmk {host}'] };

function open(uri: string, options: RawOptions) {
  return imap.open({ uri: parseSourceUri(uri), options }, makeOpenContext());
}

async function refuse(uri: string, options: RawOptions, why: string): Promise<void> {
  const fault = await expectFault(open(uri, options), 'USAGE');
  assert.equal(fault.message, why);
}

function place(uri: string, host = 'web1') {
  return locateFolder(parseSourceUri(uri), { host: parseHostName(host), address: '2001:db8::1' });
}

test('without {host} anywhere any host would get any mail', async () => {
  await refuse(
    'imap://me@mail/',
    { ...usual, mailSubject: ['Checkmk'] },
    'needs {host} in --mail-from, --mail-subject, --mail-to or the source: which mail is of which host?',
  );
});

test('options that do not go together are refused', async () => {
  const token = { oauthTokenFile: ['/nowhere'] };
  const needsOne =
    'needs either --password-file or --password-id, or --oauth-token-file or --oauth-token-id';
  await refuse('imap://me@mail/', { ...usual, passwordFile: [] }, needsOne);
  await refuse('imap://me@mail/', { ...usual, ...token }, needsOne);
  await refuse('imap://mail/', usual, 'needs --user');
  await refuse(
    'imap://me@mail/',
    { ...usual, user: ['you'] },
    '--user and the user in the source exclude each other',
  );
  await refuse(
    'imaps://me@mail/',
    { ...usual, allowPlaintext: ['true'] },
    '--allow-plaintext makes no sense with imaps:',
  );
});

test('--mail-older is keep, delete or move:FOLDER', async () => {
  for (const raw of ['', 'archive', 'move', 'move:', 'move:{host}', 'Delete']) {
    await expectFault(
      open('imap://me@mail/', { ...usual, mailOlder: [raw] }),
      'USAGE',
      /^--mail-older must be keep, delete or move:FOLDER, not "/,
    );
  }
});

test('a source says host, port, user and folder', () => {
  assert.deepEqual(place('imaps://mon%40example.com@mail.example.com/Agents/{host}'), {
    host: 'mail.example.com',
    port: 993,
    isEncrypted: true,
    user: 'mon@example.com',
    folder: ['Agents', 'web1'],
    isFolderOfHost: true,
  });
  assert.deepEqual(place('imap://me@{address}:1143'), {
    host: '2001:db8::1',
    port: 1143,
    isEncrypted: false,
    user: 'me',
    folder: ['INBOX'],
    isFolderOfHost: false,
  });
  assert.deepEqual(place('imap://me@mail/a%2Fb/c%20d/').folder, ['a/b', 'c d']);
});

test('a source that is wrong is refused', async () => {
  for (const uri of [
    'imap:///INBOX',
    'imap:INBOX',
    'imap://me@mail/a//b',
    'imap://me@mail/a?b',
    'imap://me@mail/a#b',
    'imap://me@mail/%0a',
    'imap://me@mail/%ff',
    'imap://me@mail:99999/',
  ]) {
    await expectFault(open(uri, usual), 'USAGE', /^an imap: source /);
  }
});

test('the secret file is read before anything is connected', async () => {
  await expectFault(open('imap://me@mail/', usual), 'LOCAL', /^reading --password-file \/nowhere/);
});
