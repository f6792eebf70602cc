import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { type Installation, writeInstaller } from '../../src/updates/installing/installer.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const token = '0123456789abcdef'.repeat(4);

function anInstallation(change: Partial<Installation> = {}): Installation {
  return {
    host: parseHostName('web01'),
    server: 'https://monitor.example:8444/mysite',
    root: Buffer.from("format cmk-courier-root/1\n'; touch /tmp/pwned; '\n"),
    token,
    expiresAt: '2026-11-28T10:00:00.000Z',
    platform: 'linux-tgz',
    fingerprint: undefined,
    allowHttp: false,
    ...change,
  };
}

test('a script that was cut off anywhere does nothing', async (t) => {
  const script = writeInstaller(anInstallation());
  const directory = await makeTempDir(t);
  const path = join(directory, 'script');
  const end = script.lastIndexOf('install_agent "$@"');
  const somewhere = Array.from({ length: 12 }, (_, index) => Math.floor((end * (index + 1)) / 13));
  for (const length of [...somewhere, end - 200, end - 1, end, end + 'install_agen'.length]) {
    writeFileSync(path, script.slice(0, length));
    spawnSync('sh', [path, `--base=${directory}/base`], { timeout: 10_000 });
    assert.deepEqual(readdirSync(directory), ['script'], `cut at ${length}`);
  }
});

/** Runs the script with an updater of ours in the place of the real one. */
async function runInstaller(
  t: { after(cleanUp: () => Promise<void>): void },
  script: string,
  shell: readonly string[] = ['sh'],
) {
  const directory = await makeTempDir(t);
  const updater = [
    'courier_update_text() {',
    `    printf '%s\\n' 'echo "$@" >>${directory}/calls' 'cat "$\{0%/*}/root" >${directory}/root' \\`,
    `'cat "$\{0%/*}/courier-launch" >${directory}/launch' '[ ! -f "$\{0%/*}/token" ] || cat "$\{0%/*}/token" >>${directory}/tokens'`,
    '}',
  ].join('\n');
  const at = script.indexOf('install_agent() {');
  const base = join(directory, 'base');
  const [program = 'sh', ...words] = shell;
  // As `… | ssh root@web01 sh` has it: from standard input.
  const ended = spawnSync(program, [...words, '-s', '--', `--base=${base}`], {
    encoding: 'utf8',
    input: `${script.slice(0, at)}${updater}\n${script.slice(at)}`,
  });
  const read = (name: string) =>
    readFileSync(join(directory, name), 'utf8').replaceAll(directory, 'DIR');
  return { ...ended, read, left: readdirSync(base) };
}

test('AU-1: the script registers with root and token from private files, installs, and leaves nothing', async (t) => {
  const { left, read, status, stderr } = await runInstaller(t, writeInstaller(anInstallation()));
  assert.deepEqual([status, stderr, left], [0, '', []]);
  const place = /--root=(\S+)\/root/.exec(read('calls'))?.[1];
  assert.equal(
    read('calls'),
    `register --base=DIR/base --root=${place}/root --token-file=${place}/token --host=web01 --server=https://monitor.example:8444/mysite --platform=linux-tgz\n` +
      'install --base=DIR/base\n',
  );
  assert.equal(read('tokens'), `${token}\n`);
  assert.equal(read('root'), anInstallation().root.toString());
});

for (const shell of ['dash', 'bash', 'busybox sh', 'ksh', 'mksh', 'yash']) {
  const words = shell.split(' ');
  test(`${shell}: the script writes what it holds, byte for byte`, {
    skip: skipWithout(words[0] ?? ''),
  }, async (t) => {
    const { read, status, stderr } = await runInstaller(t, writeInstaller(anInstallation()), words);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(read('root'), anInstallation().root.toString());
    assert.equal(read('tokens'), `${token}\n`);
    const launch = readFileSync('agents/host/courier-launch', 'utf8');
    assert.equal(read('launch'), launch);
  });
}

test('TR-4: a certificate is trusted by its fingerprint, never blindly', async (t) => {
  const fingerprint = 'ab'.repeat(32);
  const script = writeInstaller(anInstallation({ fingerprint, allowHttp: true }));
  const { read } = await runInstaller(t, script);
  const [register = ''] = read('calls').split('\n');
  assert.match(
    register,
    new RegExp(` --allow-http=yes --trust-cert --fingerprint=${fingerprint}$`),
  );
});

test('IN-2: nothing is written where others than root may write', async (t) => {
  const directory = await makeTempDir(t);
  chmodSync(directory, 0o777);
  const script = writeInstaller(anInstallation());
  const { status, stderr } = spawnSync('sh', ['-s', '--', `--base=${directory}`], {
    encoding: 'utf8',
    input: script,
  });
  const line = `courier-installer: others than root may write to ${directory}\n`;
  assert.deepEqual([status, stderr, readdirSync(directory)], [4, line, []]);
});

test('AU-4: the token is an argument of no program', () => {
  const script = writeInstaller(anInstallation());
  const lines = script.split('\n').filter((line) => line.includes(token));
  assert.deepEqual(lines, [`'${token}'`]);
});
