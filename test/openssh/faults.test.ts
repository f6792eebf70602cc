import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SshAttempt, toSshFault } from '../../src/openssh/faults.ts';

/** What ssh writes at exit code 255 (OpenSSH 9.2), and what that becomes. */
const texts: readonly (readonly [said: string, becomes: string])[] = [
  [
    'ssh: connect to host web01 port 22: Connection refused',
    'web01 port 22: connection refused (UNREACHABLE)',
  ],
  [
    'ssh: connect to host web01 port 22: No route to host',
    'web01 port 22: no route to host (UNREACHABLE)',
  ],
  [
    'ssh: connect to host web01 port 22: Connection timed out',
    'connection to web01 port 22 timed out (TIMEOUT)',
  ],
  [
    'ssh: Could not resolve hostname web01: Name or service not known',
    'no such name in DNS: web01 (UNREACHABLE)',
  ],
  [
    'ssh: Could not resolve hostname web01: Temporary failure in name resolution',
    'name resolution of web01 failed for now (UNREACHABLE)',
  ],
  [
    'Connection timed out during banner exchange\nConnection to 192.0.2.1 port 22 timed out',
    'connected, but no ssh greeting came in time (TIMEOUT)',
  ],
  ['Timeout, server web01 not responding.', 'it has stopped answering (TIMEOUT)'],
  [
    'Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. Their offer: ssh-dss',
    'no host key type in common; it offers "ssh-dss"; --ssh-legacy allows it (PEER)',
  ],
  [
    'Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found. Their offer: curve448,ext-info-s,kex-strict-s-v00@openssh.com',
    'no key exchange method in common; it offers "curve448" (PEER)',
  ],
  [
    'Unable to negotiate with 192.0.2.1 port 22: no matching MAC found.',
    'no MAC in common; it offers none (PEER)',
  ],
  [
    'Bad server host key: Invalid key length',
    'its key, or what it sends of it, is not accepted here: "Invalid key length" (PEER)',
  ],
  [
    'ssh_askpass: exec(/tmp/x/askpass): Permission denied\nmon@web01: Permission denied (password).',
    'ssh cannot run /tmp/x/askpass, which has the password: permission denied (LOCAL)',
  ],
  [
    'kex_exchange_identification: read: Connection reset by peer\nConnection reset by 192.0.2.1 port 22',
    'connection closed before the ssh greeting (UNREACHABLE)',
  ],
  [
    'banner exchange: Connection to 192.0.2.1 port 22: invalid format',
    'it does not speak ssh 2 there (PEER)',
  ],
  [
    'No ECDSA host key is known for [web01]:2222 and you have requested strict checking.\r\nHost key verification failed.\r',
    'its host key is not known; record it with cmk-courier ssh-trust web01:2222 (REFUSED)',
  ],
  [
    'No ED25519 host key is known for [2001:db8::1]:2222 and you have requested strict checking.',
    'its host key is not known; record it with cmk-courier ssh-trust [2001:db8::1]:2222 (REFUSED)',
  ],
  [
    'No ED25519 host key is known for 2001:db8::1 and you have requested strict checking.',
    'its host key is not known; record it with cmk-courier ssh-trust [2001:db8::1] (REFUSED)',
  ],
  [
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key for web01 has changed and you have requested strict checking.\nHost key verification failed.',
    'its host key has changed; if that is right, cmk-courier ssh-trust --replace web01 (REFUSED)',
  ],
  [
    '@       WARNING: REVOKED HOST KEY DETECTED!               @\nHost key verification failed.',
    'its host key is marked as revoked (REFUSED)',
  ],
  ['Host key verification failed.', 'its host key cannot be verified (REFUSED)'],
  [
    'mon@web01: Permission denied (publickey,password).',
    'no key of ours is accepted for mon@web01, which allows "publickey,password" (REFUSED)',
  ],
  [
    'Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\nDisconnected from 192.0.2.1 port 22',
    'more keys were offered than it allows; name one with --ssh-key (REFUSED)',
  ],
  [
    'Permissions 0644 for \'/k\' are too open.\nLoad key "/k": bad permissions\nmon@web01: Permission denied (publickey).',
    'ssh does not use /k, which others may read; chmod 600 it (CONFIG)',
  ],
  ['Load key "/k": Permission denied', 'we may not read /k (LOCAL)'],
  ['Load key "/k": invalid format', 'ssh cannot use /k: "invalid format" (CONFIG)'],
  [
    'mon@web01: Permission denied (password,keyboard-interactive).',
    'no key of ours is accepted for mon@web01, which allows "password,keyboard-interactive"; give it with --password-file (REFUSED)',
  ],
  ['stdio forwarding failed', 'the host on the way cannot connect to it (UNREACHABLE)'],
  [
    'channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nkex_exchange_identification: Connection closed by remote host',
    'the host on the way cannot connect to it: connection refused (UNREACHABLE)',
  ],
  [
    'channel 0: open failed: administratively prohibited: open failed\nstdio forwarding failed',
    'the host on the way lets nobody through with this key; where that is restricted, it needs port-forwarding as well (REFUSED)',
  ],
  ['Connection to web01 closed by remote host.', 'the connection was lost (UNREACHABLE)'],
  ['Connection closed by 192.0.2.1 port 22', 'the connection was lost (UNREACHABLE)'],
  ['client_loop: send disconnect: Broken pipe', 'the connection was lost (UNREACHABLE)'],
  ['Connection closed', 'the connection was lost (UNREACHABLE)'],
  [
    'Received disconnect from 192.0.2.1 port 22:11: shutting down',
    'it ended the connection: "shutting down" (PEER)',
  ],
  [
    'command-line: line 0: Bad configuration option: nosuch',
    `ssh of this machine cannot do it: "Bad configuration option: nosuch" (LOCAL)`,
  ],
  [
    'OpenSSL version mismatch. Built against 30000020, you have 30200010',
    'ssh of this machine cannot do it: "OpenSSL version mismatch. Built against 30000020, you have 30200010" (LOCAL)',
  ],
  ['a text | nobody\x1b knows', '"a text ¦ nobody knows" (UNREACHABLE)'],
  ['', 'ssh failed without a word (UNREACHABLE)'],
];

const noOutput = { stdout: Buffer.alloc(0), code: 255, signal: null };

for (const [said, becomes] of texts) {
  test(`ssh saying ${JSON.stringify(said.slice(0, 60))}`, () => {
    const { code, message } = toSshFault({ ...noOutput, stderr: `${said}\n` }, { at: 'web01:22' });
    assert.equal(`${message} (${code})`, `connecting to web01:22: ${becomes}`);
  });
}

test('ssh ended by a signal here is LOCAL', () => {
  const end = { ...noOutput, code: null, signal: 'SIGKILL', stderr: '' } as const;
  const { code, message } = toSshFault(end, { at: 'web01:22' });
  assert.deepEqual([code, message], ['LOCAL', 'connecting to web01:22: ssh was ended by SIGKILL']);
});

test('what we had to log in with is told beside what the host allows', () => {
  const why = (methods: string, attempt: Omit<SshAttempt, 'at'>) =>
    toSshFault(
      { ...noOutput, stderr: `mon@web01: Permission denied (${methods}).\n` },
      { at: 'web01:22', ...attempt },
    ).message.replace(/^connecting to web01:22: /, '');
  assert.equal(
    why('password', { hasPassword: true }),
    'the password is not accepted for mon@web01, which allows "password"',
  );
  assert.equal(
    why('publickey,password', { hasPassword: true }),
    'neither a key nor the password is accepted for mon@web01, which allows "publickey,password"',
  );
  assert.equal(
    why('publickey', { hasPassword: true }),
    'no key of ours is accepted for mon@web01, which allows "publickey"',
  );
  assert.equal(
    why('publickey', { lockedKey: '/h/.ssh/id_rsa' }),
    'no key of ours is accepted for mon@web01, which allows "publickey"; /h/.ssh/id_rsa wants a passphrase, and nobody can be asked for it',
  );
});

test('where ssh may use all it has, nobody is told to let it', () => {
  const offer = 'no matching cipher found. Their offer: 3des-cbc,blowfish-cbc';
  const stderr = `Unable to negotiate with 192.0.2.1 port 22: ${offer}\n`;
  const { message } = toSshFault({ ...noOutput, stderr }, { at: 'web01:22', isLegacy: true });
  const why = 'no cipher in common; it offers "3des-cbc,blowfish-cbc"';
  assert.equal(message, `connecting to web01:22: ${why}; the ssh of this machine has none of them`);
});

test('the host on the way is named where there is one alone', () => {
  const stderr = 'channel 0: open failed: administratively prohibited: open failed\n';
  const { message } = toSshFault({ ...noOutput, stderr }, { at: 'web01:22', via: 'gate:22' });
  const why = 'the host on the way, gate:22, lets nobody through with this key';
  assert.ok(message.startsWith(`connecting to web01:22: ${why}; `));
});
