import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toSshFault } from '../../src/openssh/faults.ts';

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
    'no matching host key type found that both sides allow (PEER)',
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
  ['stdio forwarding failed', 'the host on the way cannot connect to it (UNREACHABLE)'],
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
    const { code, message } = toSshFault({ ...noOutput, stderr: `${said}\n` }, 'web01:22');
    assert.equal(`${message} (${code})`, `connecting to web01:22: ${becomes}`);
  });
}

test('ssh ended by a signal here is LOCAL', () => {
  const end = { ...noOutput, code: null, signal: 'SIGKILL', stderr: '' } as const;
  const { code, message } = toSshFault(end, 'web01:22');
  assert.deepEqual([code, message], ['LOCAL', 'connecting to web01:22: ssh was ended by SIGKILL']);
});
