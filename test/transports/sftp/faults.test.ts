import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { promisify } from 'node:util';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { makeKey, type Sshd, sshTest, startSshd, useSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from '../ssh/leftovers.ts';
import { fetchOnce } from '../ssh/sources.ts';
import { toSftpSource } from './sources.ts';

const run = promisify(execFile);
const sections = '<<<check_mk>>>\nVersion: 2.4.0\n';
let files: string;
let file: string;
const sshd = useSshd({}, async ({ directory }) => {
  files = directory;
  file = join(files, 'web01.txt');
  await writeFile(file, sections);
});
const internal = useSshd({ sftp: 'internal-sftp' });
afterEach(assertNoLeftovers);

const shown = (path: string, peer: Sshd = sshd()) => `${path} on 127.0.0.1:${peer.port}`;

sshTest('the time the file was written is when the output was produced', async () => {
  for (const seconds of [1_500_000_000, 1_790_000_000, Math.floor(Date.now() / 1000)]) {
    await utimes(file, seconds, seconds);
    const delivery = await fetchOnce(sftp, toSftpSource(sshd(), file));
    assert.deepEqual(delivery.producedAt, new Date(seconds * 1000));
    assert.equal(delivery.output.toString(), sections);
  }
});

sshTest('scp: is the same', async () => {
  const { options } = toSftpSource(sshd(), file);
  const uri = parseSourceUri(`scp://root@127.0.0.1:${sshd().port}${file}`);
  assert.equal((await fetchOnce(sftp, { uri, options })).output.toString(), sections);
});

sshTest('/~/ is the home directory', async () => {
  const { code, message } = await catchFault(fetchOnce(sftp, toSftpSource(sshd(), '/~/no such')));
  assert.equal(`${message} (${code})`, `there is no ${shown('./no such')} (NO_OUTPUT)`);
});

sshTest('a file behind a link is fetched', async () => {
  const link = join(files, 'link');
  await symlink(file, link);
  assert.equal((await fetchOnce(sftp, toSftpSource(sshd(), link))).output.toString(), sections);
});

sshTest('nothing there, and a link to nothing, are NO_OUTPUT', async () => {
  await symlink('/nowhere', join(files, 'dangling'));
  for (const name of ['nothing', 'dangling', 'web01.txt/x']) {
    const path = join(files, name);
    const fault = await expectFault(fetchOnce(sftp, toSftpSource(sshd(), path)), 'NO_OUTPUT');
    assert.equal(fault.message, `there is no ${shown(path)}`);
  }
});

sshTest('a directory, a FIFO and a device are MALFORMED', async () => {
  await mkdir(join(files, 'directory'));
  await run('mkfifo', [join(files, 'fifo')]);
  for (const path of [join(files, 'directory'), join(files, 'fifo'), '/dev/zero']) {
    const fault = await expectFault(fetchOnce(sftp, toSftpSource(sshd(), path)), 'MALFORMED');
    assert.equal(fault.message, `${shown(path)} is not a regular file`);
  }
});

sshTest('a file we may not read there is REFUSED', async () => {
  const path = join(internal().directory, 'secret');
  await writeFile(path, sections, { mode: 0o600 });
  const { options } = toSftpSource(internal(), path);
  const uri = parseSourceUri(`sftp://nobody@127.0.0.1:${internal().port}${path}`);
  const fault = await expectFault(fetchOnce(sftp, { uri, options }), 'REFUSED');
  assert.equal(fault.message, `${shown(path, internal())}: we may not read it there`);
});

sshTest('a key that is not let in is REFUSED, as with ssh', async () => {
  const source = toSftpSource(sshd(), file, { sshKey: [sshd().wrongKey] });
  const fault = await expectFault(fetchOnce(sftp, source), 'REFUSED');
  const why = 'no key of ours is accepted for root@127.0.0.1, which allows "publickey"';
  assert.equal(fault.message, `connecting to 127.0.0.1:${sshd().port}: ${why}`);
});

sshTest('an unknown host key is REFUSED, and so is a changed one', async () => {
  const at = `127.0.0.1:${internal().port}`;
  const unknown = toSftpSource(internal(), '/x', { knownHosts: [sshd().knownHosts] });
  const hint = `record it with cmk-courier ssh-trust ${at}`;
  const fault = await expectFault(fetchOnce(sftp, unknown), 'REFUSED');
  assert.equal(fault.message, `connecting to ${at}: its host key is not known; ${hint}`);
  const other = join(files, 'other-host');
  await makeKey(other);
  const [type, key] = (await readFile(`${other}.pub`, 'utf8')).split(' ');
  const knownHosts = join(files, 'changed');
  await writeFile(knownHosts, `[127.0.0.1]:${internal().port} ${type} ${key}\n`);
  const changed = toSftpSource(internal(), '/x', { knownHosts: [knownHosts] });
  await expectFault(fetchOnce(sftp, changed), 'REFUSED', /: its host key has changed; /);
});

sshTest('a host without sftp, or with a shell that talks, is PEER', async () => {
  for (const [server, code, why] of [
    ['/nonexistent', 'UNREACHABLE', /: the connection was lost$/],
    ['/bin/echo Welcome to this machine', 'PEER', /: something else answers than sftp, /],
  ] as const) {
    const peer = await startSshd({ sftp: server });
    const fetched = fetchOnce(sftp, toSftpSource(peer, '/x'));
    await expectFault(fetched, code, why).finally(peer.close);
  }
});

sshTest('a full disk on our side is LOCAL, and leaves nothing', async (t) => {
  const root = await makeTempDir(t);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', root]);
  } catch {
    return t.skip('no file system can be mounted here');
  }
  try {
    await mkdir(join(root, 'tmp'));
    const large = join(files, 'large');
    await writeFile(large, Buffer.alloc(300_000, 'x'));
    const fetched = fetchOnce(sftp, toSftpSource(sshd(), large), { OMD_ROOT: root });
    const fault = await expectFault(fetched, 'LOCAL');
    assert.equal(fault.message, `storing ${shown(large)}: no space left on device`);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  } finally {
    await run('umount', [root]);
  }
});

sshTest('no place for a private directory is LOCAL', async () => {
  const fetched = fetchOnce(sftp, toSftpSource(sshd(), file), { TMPDIR: '/nowhere' });
  await expectFault(fetched, 'LOCAL', /^making a directory in \/nowhere: no such file/);
});

sshTest('the private directory may have blanks and quotes in its name', async (t) => {
  const odd = join(await makeTempDir(t), `a b'c"d #é`);
  await mkdir(odd);
  const { output } = await fetchOnce(sftp, toSftpSource(sshd(), file), { TMPDIR: odd });
  assert.equal(output.toString(), sections);
});
