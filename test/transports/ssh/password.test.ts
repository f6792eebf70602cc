import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { rsync } from '../../../src/transports/rsync/rsync.ts';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { ssh } from '../../../src/transports/ssh/ssh.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { start } from '../../helpers/run-program.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { type Dropbear, skipWithoutDropbear, startDropbear } from '../../peers/dropbear.ts';
import { skipWithoutMounts } from '../../peers/private-mounts.ts';
import { makeKey, type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { toScpSource } from '../sftp/scp-conformance-peer.ts';
import { toSftpSource } from '../sftp/sources.ts';
import { assertNoLeftovers } from './leftovers.ts';
import { fetchOnce, runOn, toSshSource } from './sources.ts';

/** With what a shell, ssh or a batch file could stumble over. */
const password = `${randomBytes(9).toString('hex')} $x'"\\%h`;
const skip = skipWithoutSshd || skipWithoutMounts;

let sshd: Sshd;
let dropbear: Dropbear | undefined;
let files: { readonly right: string; readonly wrong: string };
before(async () => {
  if (skip) return;
  sshd = await startSshd({ password });
  if (!skipWithoutDropbear) dropbear = await startDropbear(password);
  files = { right: join(sshd.directory, 'right'), wrong: join(sshd.directory, 'wrong-password') };
  await writeFile(files.right, `${password}\n`, { mode: 0o600 });
  await writeFile(files.wrong, 'nonsense\n', { mode: 0o600 });
});
after(async () => {
  await sshd?.close();
  await dropbear?.close();
});
afterEach(assertNoLeftovers);

function passwordTest(
  name: string,
  run: (t: TestContext) => Promise<void>,
  but: string | false = false,
): void {
  test(name, { skip: skip || but, timeout: 120_000 }, run);
}

/** Options that bring the password alone: the key is another's. */
const byPassword = (more: RawOptions = {}): RawOptions => ({
  sshKey: [sshd.wrongKey],
  passwordFile: [files.right],
  ...more,
});

passwordTest('ssh gets in by a password where no key does', async () => {
  assert.equal(await runOn(sshd, 'echo hi', byPassword()), 'hi\n');
});

passwordTest('a key that is accepted keeps the password here', async () => {
  const before = sshd.said().length;
  assert.equal(await runOn(sshd, 'echo hi', { passwordFile: [files.wrong] }), 'hi\n');
  assert.doesNotMatch(sshd.said().slice(before), /password/);
});

passwordTest('sftp and rsync get in by it, and a kept connection is made by it', async () => {
  const path = join(sshd.directory, 'web01.txt');
  await writeFile(path, '<<<a>>>\n');
  const bySftp = await fetchOnce(sftp, toSftpSource(sshd, path, byPassword()));
  assert.equal(bySftp.output.toString(), '<<<a>>>\n');
  if (!skipWithout('rsync')) {
    const uri = parseSourceUri(`rsync+ssh://root@127.0.0.1:${sshd.port}${path}`);
    const source = { uri, options: { ...sshd.options, ...byPassword() } };
    const byRsync = await fetchOnce(rsync, source, { PATH: process.env['PATH'] ?? '' });
    assert.equal(byRsync.output.toString(), '<<<a>>>\n');
  }
  const root = await makeTempDir();
  const kept = byPassword({ multiplex: ['60s'] });
  const directory = join(root, 'cmk-courier/ssh');
  const env = { XDG_RUNTIME_DIR: root };
  const before = countLogins();
  for (const word of ['one', 'two']) {
    const { output } = await fetchOnce(ssh, toSshSource(sshd, `echo ${word}`, kept), env);
    assert.equal(output.toString(), `${word}\n`);
  }
  assert.equal(countLogins() - before, 1);
  const wrong = toSshSource(sshd, 'true', { ...kept, passwordFile: [files.wrong] });
  await expectFault(fetchOnce(ssh, wrong, env), 'REFUSED');
  for (const name of await readdir(directory)) {
    await start('ssh', ['-O', 'exit', '-S', join(directory, name), 'x']).ended;
  }
  await assertSoonEmpty('a control socket is left', () => readdir(directory));
  await start('rm', ['-r', root]).ended;
});

const countLogins = () => [...sshd.said().matchAll(/Accepted password/g)].length;

passwordTest(
  'dropbear takes it for ssh and scp',
  async () => {
    if (dropbear === undefined) throw new Error('there is no dropbear');
    const { output } = await fetchOnce(ssh, {
      uri: parseSourceUri(`ssh://root@127.0.0.1:${dropbear.port}/echo%20hi`),
      options: { ...dropbear.options, ...byPassword() },
    });
    assert.equal(output.toString(), 'hi\n');
    const path = join(dropbear.directory, 'web01.txt');
    await writeFile(path, '<<<a>>>\n');
    const byScp = await fetchOnce(sftp, toScpSource(dropbear, path, byPassword()));
    assert.equal(byScp.output.toString(), '<<<a>>>\n');
  },
  skipWithoutDropbear,
);

passwordTest('a wrong one is REFUSED, and tried once only', async () => {
  const before = sshd.said().length;
  const fetched = runOn(sshd, 'true', byPassword({ passwordFile: [files.wrong] }));
  const fault = await expectFault(fetched, 'REFUSED');
  const why = 'neither a key nor the password is accepted for root@127.0.0.1, which allows';
  const at = `127.0.0.1:${sshd.port}`;
  assert.equal(fault.message, `connecting to ${at}: ${why} "publickey,password"`);
  const said = sshd.said().slice(before);
  assert.equal([...said.matchAll(/Failed password/g)].length, 1);
});

passwordTest('a host that asks questions of its own gets it as the answer', async () => {
  const asking = await startSshd({
    password,
    configuration: 'UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no',
    pam: 'auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n',
  });
  const wanted = runOn(asking, 'echo hi', byPassword()).finally(asking.close);
  assert.equal(await wanted, 'hi\n');
});

passwordTest('it is in no argument and no environment while ssh runs', async () => {
  const look =
    'sleep 0.3; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"';
  const seen = await runOn(sshd, look, byPassword());
  assert.ok(seen.includes('SSH_ASKPASS_REQUIRE=force'));
  assert.ok(!seen.includes(password));
});

passwordTest('the passphrase of a key is not what it answers', async () => {
  const home = await makeTempDir();
  await start('mkdir', ['-m', '700', join(home, '.ssh')]).ended;
  await makeKey(join(home, '.ssh/id_ed25519'), password);
  const options = { knownHosts: [sshd.knownHosts], passwordFile: [files.right] };
  const { uri } = toSshSource(sshd, 'echo hi');
  const { output } = await fetchOnce(ssh, { uri, options }, { HOME: home });
  assert.equal(output.toString(), 'hi\n');
  await start('rm', ['-r', home]).ended;
});

passwordTest('a host on the way is not shown it', async () => {
  const jump = await startSshd({ password });
  const knownHosts = join(sshd.directory, 'both');
  const texts = [sshd, jump].map((peer) => readFile(peer.knownHosts, 'utf8'));
  await writeFile(knownHosts, (await Promise.all(texts)).join(''));
  const proxyJump = [`root@127.0.0.1:${jump.port}`];
  const options = byPassword({ knownHosts: [knownHosts], proxyJump });
  const fetched = runOn(sshd, 'true', options);
  const fault = await expectFault(fetched, 'REFUSED').finally(jump.close);
  assert.match(fault.message, /for root@127\.0\.0\.1, which allows "publickey,password"$/);
  assert.doesNotMatch(jump.said(), /password/);
});

passwordTest('tmp of a site, where no program may run, is good enough', async (t) => {
  const root = await makeTempDir();
  t.after(async () => {
    await start('umount', [root]).ended;
    await start('rmdir', [root]).ended;
  });
  // What an entry with `user` in fstab(5) comes to, as omd makes it.
  const mounted = await start('mount', ['-t', 'tmpfs', '-o', 'noexec,nosuid,nodev', 'none', root])
    .ended;
  if (mounted.code !== 0) return t.skip('no file system can be mounted here');
  await mkdir(join(root, 'tmp'), { mode: 0o755 });
  const source = toSshSource(sshd, 'echo hi', byPassword());
  const { output } = await fetchOnce(ssh, source, { OMD_ROOT: root });
  assert.equal(output.toString(), 'hi\n');
  assert.deepEqual(await readdir(join(root, 'tmp')), []);
});

passwordTest('what ssh would cut off is CONFIG', async () => {
  const file = join(sshd.directory, 'lines');
  for (const text of ['two\nlines\n', 'x'.repeat(1024)]) {
    await writeFile(file, text, { mode: 0o600 });
    const fault = await expectFault(runOn(sshd, 'true', { passwordFile: [file] }), 'CONFIG');
    assert.equal(fault.message, 'the password for ssh must be one line of at most 1023 bytes');
  }
});
