import assert from 'node:assert/strict';
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { ssh } from '../../../src/transports/ssh/ssh.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { makeKey, sshTest, useSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from './leftovers.ts';
import { fetchOnce, runOn, toSshSource } from './sources.ts';

const sshd = useSshd();
const at = () => `127.0.0.1:${sshd().port}`;
afterEach(assertNoLeftovers);

const failing = async (command: string) => {
  const { code, message } = await catchFault(runOn(sshd(), command));
  // Not every bash says so.
  return `${message.replace('bash: line 1:', 'bash:')} (${code})`;
};

sshTest('an agent that is not there is NO_OUTPUT, with what the shell says', async () => {
  assert.equal(
    await failing('no-such-agent'),
    `running "no-such-agent" on ${at()}: it is not there: exit code 127: ` +
      '"bash: no-such-agent: command not found" (NO_OUTPUT)',
  );
});

sshTest('without a path it is check_mk_agent that is run', async () => {
  assert.match(await failing(''), /^running "check_mk_agent" on .* exit code 127/);
});

sshTest('an agent that cannot be executed is PEER', async () => {
  assert.equal(
    await failing('/etc/passwd'),
    `running "/etc/passwd" on ${at()}: it cannot be run: exit code 126: ` +
      '"bash: /etc/passwd: Permission denied" (PEER)',
  );
});

sshTest('another exit code is PEER, with the last line the agent has said', async () => {
  assert.equal(
    await failing('echo "<<<x>>>"; echo one >&2; echo two >&2; exit 3'),
    `running "echo '<<<x>>>'; echo one >&2; echo two >&2; exit 3" on ${at()}: ` +
      'exit code 3: "two" (PEER)',
  );
});

sshTest('exit code 255 of the agent is not taken for a failure of ssh', async () => {
  assert.equal(
    await failing('echo lost >&2; exit 255'),
    `running "echo lost >&2; exit 255" on ${at()}: exit code 255: "lost" (PEER)`,
  );
});

sshTest('an agent ended by a signal is PEER', async () => {
  assert.equal(
    await failing('kill -9 $$'),
    `running "kill -9 $$" on ${at()}: it was ended by a signal there (PEER)`,
  );
});

sshTest('a session that is cut off is UNREACHABLE', async () => {
  assert.equal(
    await failing('echo "<<<x>>>"; kill -9 $PPID; sleep 5'),
    `connecting to ${at()}: the connection was lost (UNREACHABLE)`,
  );
});

sshTest('a key that is not let in is REFUSED', async () => {
  const fault = await expectFault(runOn(sshd(), 'true', { sshKey: [sshd().wrongKey] }), 'REFUSED');
  const why = 'no key of ours is accepted for root@127.0.0.1, which allows "publickey"';
  assert.equal(fault.message, `connecting to ${at()}: ${why}`);
});

sshTest('a key others may read is CONFIG', async () => {
  const key = join(sshd().directory, 'open');
  await copyFile(sshd().key, key);
  await chmod(key, 0o644);
  const fault = await expectFault(runOn(sshd(), 'true', { sshKey: [key] }), 'CONFIG');
  const why = `ssh does not use ${key}, which others may read; chmod 600 it`;
  assert.equal(fault.message, `connecting to ${at()}: ${why}`);
});

sshTest('a key that is none is CONFIG, one that is missing LOCAL', async () => {
  const key = join(sshd().directory, 'garbage');
  await writeFile(key, 'not a key\n', { mode: 0o600 });
  const garbage = await expectFault(runOn(sshd(), 'true', { sshKey: [key] }), 'CONFIG');
  assert.match(garbage.message, /: ssh cannot use \S+garbage: "/);
  await rm(key);
  const missing = await expectFault(runOn(sshd(), 'true', { sshKey: [key] }), 'LOCAL');
  assert.equal(missing.message, `reading --ssh-key ${key}: no such file or directory`);
});

sshTest('a key with a passphrase is CONFIG, and nobody is asked for it', async () => {
  const key = join(sshd().directory, 'locked');
  await makeKey(key, 'a passphrase');
  const fault = await expectFault(runOn(sshd(), 'true', { sshKey: [key] }), 'CONFIG');
  const why = 'wants a passphrase, and nobody can be asked; load it into an ssh agent, or';
  assert.equal(fault.message, `--ssh-key ${key} ${why} take it off with ssh-keygen -p -N ''`);
});

sshTest('a key with a passphrase that no agent has is told when the host refuses', async () => {
  const key = join(sshd().directory, 'locked-too');
  await makeKey(key, 'a passphrase');
  const source = toSshSource(sshd(), 'true', { sshKey: [key] });
  const env = { SSH_AUTH_SOCK: '/nowhere' };
  const fault = await expectFault(fetchOnce(ssh, source, env), 'REFUSED');
  const why = `${key} wants a passphrase, and nobody can be asked for it`;
  assert.ok(fault.message.endsWith(`which allows "publickey"; ${why}`));
});

sshTest('an unknown host key is REFUSED and names the command that records it', async () => {
  const knownHosts = [join(sshd().directory, 'nothing-known')];
  const fault = await expectFault(runOn(sshd(), 'true', { knownHosts }), 'REFUSED');
  const why = `its host key is not known; record it with cmk-courier ssh-trust ${at()}`;
  assert.equal(fault.message, `connecting to ${at()}: ${why}`);
});

sshTest('nobody listening is UNREACHABLE', async () => {
  await sshd().lose();
  const fault = await expectFault(runOn(sshd(), 'true'), 'UNREACHABLE');
  await sshd().restore();
  const where = `127.0.0.1 port ${sshd().port}`;
  assert.equal(fault.message, `connecting to ${at()}: ${where}: connection refused`);
});

sshTest('a changed host key is REFUSED and gets no secret', async () => {
  await sshd().changeHostKey();
  const fault = await expectFault(runOn(sshd(), 'true'), 'REFUSED');
  const why = 'its host key has changed; if that is right';
  const hint = `cmk-courier ssh-trust --replace ${at()}`;
  assert.equal(fault.message, `connecting to ${at()}: ${why}, ${hint}`);
  assert.doesNotMatch(sshd().said(), /Accepted/);
});
const fetchFromServer = async (greeting: string | undefined, connectTimeout: string) => {
  const greet = (socket: Socket) => {
    if (greeting !== undefined) socket.end(greeting);
  };
  const server = await startHostileServer(greet, { speaksFirst: true });
  const options = { knownHosts: ['/dev/null'], connectTimeout: [connectTimeout] };
  try {
    const uri = parseSourceUri(`ssh://127.0.0.1:${server.port}/true`);
    return await catchFault(fetchOnce(ssh, { uri, options }));
  } finally {
    await server.close();
  }
};

sshTest('silence is TIMEOUT after --connect-timeout', async () => {
  const fault = await fetchFromServer(undefined, '1s');
  assert.equal(fault.code, 'TIMEOUT');
  assert.match(fault.message, /: connected, but no ssh greeting came in time$/);
});

sshTest('hanging up at once is UNREACHABLE', async () => {
  const fault = await fetchFromServer('', '5s');
  assert.equal(fault.code, 'UNREACHABLE');
  assert.match(fault.message, /: connection closed before the ssh greeting$/);
});

sshTest('ssh 1 is PEER', async () => {
  const fault = await fetchFromServer('SSH-1.0-old\r\n', '5s');
  assert.equal(fault.code, 'PEER');
  assert.match(fault.message, /: it does not speak ssh 2 there$/);
});
