import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { keyVerifier } from '../../../src/sealing/keys.ts';
import { verifyDrop } from '../../../src/sealing/opening.ts';
import { file } from '../../../src/transports/file/file.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { neverAborts, toTarget } from '../../conformance/fetching.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { type Rsyncd, startRsyncd } from '../../peers/rsyncd.ts';
import { skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { readModule } from '../../transports/rsync/readme-modules.ts';
import { findProgram } from './courier-agent-shells.ts';
import { keysOf, publicKeyOf } from './courier-seal-shells.ts';
import {
  listLeftovers,
  type Sender,
  send,
  sendRsyncFile,
  startSending,
  testSending,
  writeAgent,
} from './courier-send-rsync-shells.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const output = Buffer.concat([
  Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\r\n\n'),
  everyByte,
  Buffer.from('no line end'),
]);

/** A site as the README of the transport shows it, with one host that may drop there. */
async function withSite(
  { root }: Sender,
  use: (site: Rsyncd, args: readonly string[]) => Promise<void>,
): Promise<void> {
  mkdirSync(join(root, 'drops/web01'), { recursive: true });
  writeFileSync(join(root, 'secrets'), 'web01:the-secret\n', { mode: 0o600 });
  writeFileSync(join(root, 'password'), 'the-secret\n', { mode: 0o600 });
  const module = readModule('write-only module', {
    path: join(root, 'drops/%RSYNC_USER_NAME%'),
    uid: 'root',
    gid: 'root',
    'secrets file': join(root, 'secrets'),
    'hosts allow': '127.0.0.1',
  });
  const site = await startRsyncd(root, module);
  try {
    const to = `--to=rsync://web01@127.0.0.1:${site.port}/drops/agent-output`;
    await use(site, [to, `--password-file=${join(root, 'password')}`]);
  } finally {
    await site.stop();
  }
}

/** What the site gets. */
function fetchBack(path: string): Promise<Delivery> {
  const source = { uri: parseSourceUri(path), options: {} };
  return withTransport(file, source, makeOpenContext(), (transport) =>
    transport.fetch(toTarget('web01'), neverAborts()),
  );
}

test('the script is executable and shellcheck finds nothing', (t) => {
  assert.equal(statSync(sendRsyncFile).mode & 0o777, 0o755);
  if (findProgram('shellcheck') === undefined) return t.skip('shellcheck is not installed');
  const checked = spawnSync('shellcheck', ['-s', 'sh', sendRsyncFile], { encoding: 'utf8' });
  assert.deepEqual([checked.stdout, checked.status], ['', 0]);
});

testSending('the site gets the bytes the agent printed, and when', async (sender) => {
  writeAgent(sender, output);
  await withSite(sender, async (_, args) => {
    const before = Date.now();
    const { stdout, stderr, status } = send(sender, args);
    assert.deepEqual([stdout, stderr, status], ['', '', 0]);
    const delivery = await fetchBack(join(sender.root, 'drops/{host}/agent-output'));
    assert.ok(delivery.output.equals(output));
    const ageMs = Number(delivery.producedAt) - before;
    assert.ok(ageMs > -2000 && ageMs < 60_000);
    assert.deepEqual(readdirSync(join(sender.root, 'drops/web01')), ['agent-output']);
    assert.deepEqual(listLeftovers(sender), []);
  });
});

testSending('output that is sent again replaces the first', async (sender) => {
  await withSite(sender, async (_, args) => {
    for (const text of ['<<<first>>>\n', '<<<second>>>\nlonger\n', '<<<3>>>\n']) {
      writeAgent(sender, Buffer.from(text));
      assert.equal(send(sender, args).status, 0);
      const { output: arrived } = await fetchBack(join(sender.root, 'drops/web01/agent-output'));
      assert.equal(arrived.toString(), text);
    }
  });
});

testSending('the settings may come from a file, which is read and not run', async (sender) => {
  writeAgent(sender, output);
  await withSite(sender, async ({ port }) => {
    const config = join(sender.root, 'send-rsync.conf');
    const lines = [
      '# where to',
      '',
      `TO=rsync://{host}@127.0.0.1:${port}/drops/agent-output\r`,
      `PASSWORD_FILE=${join(sender.root, 'password')}`,
      `AGENT=$(touch ${join(sender.root, 'run')})`,
      'TIMEOUT=30',
    ];
    writeFileSync(config, lines.join('\n'));
    const { stderr, status } = send(sender, [`--config=${config}`]);
    assert.deepEqual([stderr, status], ['', 0]);
    assert.ok(!readdirSync(sender.root).includes('run'));
  });
});

testSending('what rsync says is one line, with a code of its own', async (sender) => {
  writeAgent(sender, output);
  await withSite(sender, async ({ port, stop }, args) => {
    writeFileSync(join(sender.root, 'wrong'), 'wrong\n', { mode: 0o600 });
    const url = `rsync://web01@127.0.0.1:${port}`;
    const wrong = send(sender, [...args, `--password-file=${join(sender.root, 'wrong')}`]);
    assert.equal(
      wrong.stderr,
      `courier-send-rsync: rsync to ${url}/drops/agent-output failed with 5: @ERROR: auth failed on module drops\n`,
    );
    assert.equal(wrong.status, 7);
    const unknown = send(sender, [...args, `--to=${url}/none/agent-output`]);
    assert.match(unknown.stderr, /^courier-send-rsync: .* failed with 5: @ERROR: Unknown module/);
    assert.equal(unknown.status, 8);
    await stop();
    const gone = send(sender, args);
    assert.match(gone.stderr, /^courier-send-rsync: .* failed with 10: rsync: .*refused/);
    assert.equal(gone.status, 5);
    assert.deepEqual(listLeftovers(sender), []);
  });
});

testSending('the password is in no argument list', async (sender) => {
  writeAgent(sender, output);
  writeFileSync(join(sender.root, 'password'), 'the-secret\n', { mode: 0o600 });
  const silent = await startHostileServer(() => undefined);
  const { pid, ended } = startSending(sender, [
    `--to=rsync://web01@127.0.0.1:${silent.port}/drops/agent-output`,
    `--password-file=${join(sender.root, 'password')}`,
  ]);
  let lines: readonly string[] = [];
  while (!lines.some((line) => line.startsWith('rsync '))) lines = await readCommandLines();
  assert.deepEqual(
    lines.filter((line) => line.includes('the-secret')),
    [],
  );
  process.kill(pid, 'SIGTERM');
  assert.equal((await ended).code, 143);
  await silent.close();
  assert.deepEqual(listLeftovers(sender), []);
});

test('through ssh the output arrives with a key that may only write there', {
  skip: skipWithoutSshd || (findProgram('rrsync') === undefined && 'rrsync is not installed'),
}, async (t) => {
  const outer = await startSshd();
  t.after(outer.close);
  const drops = join(outer.directory, 'drops');
  mkdirSync(drops);
  const sshd = await startSshd({ keyOptions: `restrict,command="rrsync -wo -no-del ${drops}"` });
  t.after(sshd.close);
  const agent = join(sshd.directory, 'agent');
  writeFileSync(agent, "#!/bin/sh\nprintf '<<<check_mk>>>\\n'\n", { mode: 0o755 });
  const args = [
    `--agent=${agent}`,
    '--host=web01',
    `--lock=${join(sshd.directory, 'lock')}`,
    '--to=root@127.0.0.1:/{host}.txt',
    `--ssh-key=${sshd.key}`,
    `--known-hosts=${sshd.knownHosts}`,
    `--ssh-port=${sshd.port}`,
  ];
  const { stderr, status } = spawnSync(sendRsyncFile, args, { encoding: 'utf8' });
  assert.deepEqual([stderr, status], ['', 0]);
  const { output: arrived } = await fetchBack(join(drops, '{host}.txt'));
  assert.equal(arrived.toString(), '<<<check_mk>>>\n');
  const refused = spawnSync(sendRsyncFile, [...args, `--ssh-key=${sshd.wrongKey}`], {
    encoding: 'utf8',
  });
  assert.match(
    refused.stderr,
    /^courier-send-rsync: rsync to root@.* failed with 255: root@.*denied/,
  );
  assert.equal(refused.status, 7);
});

testSending('with --seal the site gets a sealed drop', async (sender) => {
  writeAgent(sender, output);
  await withSite(sender, async (_, args) => {
    const sealing = ['--seal', `--seal-keys=${keysOf('host')}`];
    const { status, stderr } = send(sender, [...args, ...sealing, '--host=web01']);
    assert.deepEqual([status, stderr], [0, '']);
    const drop = readFileSync(join(sender.root, 'drops/web01/agent-output'));
    const { header, body } = verifyDrop(drop, [await keyVerifier(publicKeyOf('host'))]);
    assert.deepEqual([header.host, gunzipSync(body)], ['web01', output]);
    assert.deepEqual(listLeftovers(sender), []);

    const refused = send(sender, [...args, '--seal', '--seal-keys=/nowhere']);
    const why = 'there is no key of this host in /nowhere: courier-seal init makes one';
    assert.equal(refused.stderr, `courier-send-rsync: cannot seal: ${why}\n`);
    assert.equal(refused.status, 4);
  });
});
