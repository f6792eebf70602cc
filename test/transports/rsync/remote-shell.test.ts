import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { toRemoteShell } from '../../../src/transports/rsync/remote-shell.ts';
import { programPath } from '../../helpers/programs.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

test('what is plain stays as it is, the rest stands in quotes', () => {
  assert.equal(
    toRemoteShell(['-o', 'Port=22', '-o', 'IdentityFile="/a b"', "it's", '']),
    `ssh -o Port=22 -o 'IdentityFile="/a b"' 'it''s' '' --`,
  );
});

/** The arguments the real rsync calls ssh with, up to the host. */
async function splitByRsync(directory: string, args: readonly string[]): Promise<string[]> {
  await copyFile(programPath('complains-about-arguments'), join(directory, 'ssh'));
  const { stderr } = spawnSync(
    'rsync',
    [`--rsh=${toRemoteShell(args)}`, '--', 'depot:/x', directory],
    { env: { PATH: `${directory}:${process.env['PATH']}` }, encoding: 'utf8' },
  );
  const words = [...stderr.matchAll(/^<(.*)>$/gm)].map(([, word = '']) => word);
  return words.slice(0, words.indexOf('--'));
}

test('rsync splits it into what it was made of', { skip: skipWithout('rsync') }, async (t) => {
  const args = [
    '-o',
    'ProxyCommand=exec ssh -o UserKnownHostsFile=\\"/a\\ b\\" -W [%h]:%p',
    'two  blanks',
    "it's",
    "''",
    '"',
    '$(id)',
    '`id`',
    ';',
    '\\',
    ' ',
    'ü',
    'a\tb',
  ];
  assert.deepEqual(await splitByRsync(await makeTempDir(t), args), args);
});
