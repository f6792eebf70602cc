import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type SideKind, sideKind } from '../../src/names/side-files.ts';

const named: Readonly<Record<SideKind, readonly string[]>> = {
  'partial file': [
    'web01.txt.8f3a.partial',
    'web01.txt.partial',
    '.web01.txt.Xa81fQ',
    '.syncthing.web01.txt.tmp',
    '~syncthing~web01.txt.tmp',
    '.~web01.txt',
    'web01.txt.ocTransferId1234567890.part',
    'web01.txt.part',
    'web01.txt.filepart',
    'web01.txt.FILEPART',
    'web01.txt.crdownload',
    'web01.txt.opdownload',
    'web01.txt.download',
    'web01.txt.aria2',
    'web01.txt.lftp-pget-status',
    'web01.txt.!sync',
    'web01.txt.tmp',
    'web01.txt.temp',
    'web01.tmp.Xa81fQ',
    'web01.txt.tmp-4711',
    'web01.txt.incomplete',
    'web01.txt.new',
    '.nfs0000000000a1b2c300000001',
    '.web01.txt.swp',
    '.DS_Store',
    '._web01.txt',
    '~$web01.txt',
    '#web01.txt#',
  ],
  'side file': [
    'web01.txt.md5',
    'web01.txt.sha1',
    'web01.txt.sha256',
    'web01.txt.SHA512',
    'web01.txt.sha256sum',
    'web01.txt.md5sums',
    'web01.txt.asc',
    'web01.txt.sig',
    'web01.txt.minisig',
    'web01.txt.bak',
    'web01.txt.old',
    'web01.txt.orig',
    'web01.txt~',
    'web01.txt.~1~',
    'web01.txt.lock',
    'web01.txt.lck',
    'web01.txt.dpkg-old',
    'web01.txt.rpmnew',
    'Thumbs.db',
    'desktop.ini',
  ],
  'conflicting copy': [
    'web01.sync-conflict-20261128-101500-ABCDEFG.txt',
    'web01 (conflicted copy 2026-11-28 101500).txt',
    "web01 (Anna's conflicted copy 2026-11-28).txt",
    'web01 (depot Case Conflict).txt',
    'web01 (Case Conflict 1).txt',
    'web01 (SFConflict anna@example.com 2026-11-28-10-15-00).txt',
    'web01_conflict-20261128-101500.txt',
  ],
};

for (const [kind, names] of Object.entries(named)) {
  test(`what is a ${kind} is known by its name`, () => {
    for (const name of names) assert.equal(sideKind(name), kind, name);
  });
}

test('names of output are none of them', () => {
  const names = [
    'web01',
    'web01.txt',
    'web01.example.com',
    'web01.gz',
    'web01.txt.xz',
    'web01-20261128-101500.txt',
    'web01 (1).txt',
    'web01.out',
    'part',
    'tmp',
    'backup',
    'lock',
    'conflict.example.com',
    'web01.party',
    'new-york',
    'web01.oldenburg',
    'download.example.com',
    'web01.tmpfs-report.txt',
    'm\xfcller',
  ];
  for (const name of names) assert.equal(sideKind(name), undefined, name);
});

test('what was asked for by name proves nothing', () => {
  for (const name of ['srv.old', 'srv.bak', '.srv', 'web.tmp', 'host.part']) {
    assert.equal(sideKind(name, name.length), undefined, name);
    assert.equal(sideKind(`${name}.txt`, name.length), undefined, name);
    assert.equal(sideKind(`${name}.txt.md5`, name.length), 'side file', name);
  }
});

test('what our own senders call a file until it is complete is on the list', () => {
  const page = readFileSync('agents/host/README.md', 'utf8');
  const [, inCron = ''] = /^new=\$drop\/(.+)$/m.exec(page) ?? [];
  assert.equal(
    sideKind(inCron.replace('$(uname -n)', 'web01').replace('$$', '4711')),
    'partial file',
  );
  const [, onPage = ''] =
    />\s*\/mnt\/drops\/(\S+) &&/.exec(readFileSync('src/transports/file/README.md', 'utf8')) ?? [];
  assert.equal(sideKind(onPage), 'partial file');
});
