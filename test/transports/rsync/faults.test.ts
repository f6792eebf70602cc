import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultCode } from '../../../src/faults/errors.ts';
import type { ProgramEnd } from '../../../src/system/program/call.ts';
import { findFault, findSkip } from '../../../src/transports/rsync/faults.ts';

const fine: ProgramEnd = { stdout: Buffer.alloc(0), stderr: '', code: 0, signal: null };

function lineFor(end: Partial<ProgramEnd>, sshAt?: string): string {
  const fault = findFault({ ...fine, ...end }, sshAt === undefined ? undefined : { at: sshAt });
  return fault === undefined ? 'fine' : `${fault.code} ${fault.message}`;
}

const byExitCode: readonly (readonly [number, FaultCode, string])[] = [
  [1, 'LOCAL', 'the rsync of this machine does not know an option; it must be 3.1 or newer'],
  [2, 'PEER', 'the two rsyncs do not understand each other'],
  [3, 'PEER', 'rsync cannot select the file'],
  [4, 'PEER', 'the rsync of the peer does not support what is asked of it'],
  [5, 'PEER', 'the rsync daemon turns the request away'],
  [6, 'PEER', 'the rsync daemon cannot write its log'],
  [10, 'UNREACHABLE', 'the connection failed'],
  [11, 'LOCAL', 'rsync cannot write the file here'],
  [12, 'UNREACHABLE', 'the connection was lost'],
  [13, 'PEER', 'rsync cannot say what is wrong'],
  [14, 'LOCAL', 'the processes of rsync lost each other'],
  [15, 'LOCAL', 'one of the processes of rsync crashed'],
  [16, 'LOCAL', 'one of the processes of rsync was killed'],
  [19, 'LOCAL', 'rsync was ended by SIGUSR1'],
  [20, 'LOCAL', 'rsync was ended by a signal'],
  [21, 'LOCAL', 'rsync cannot wait for its own processes'],
  [22, 'LOCAL', 'rsync has no memory left'],
  [23, 'PEER', 'the file could not be transferred'],
  [24, 'NO_OUTPUT', 'the file vanished before it was read'],
  [25, 'PEER', 'rsync stopped at a limit of deletions'],
  [30, 'TIMEOUT', 'the peer fell silent for longer than --idle-timeout'],
  [35, 'TIMEOUT', 'connecting took longer than --connect-timeout'],
  [124, 'PEER', 'the command on the host failed'],
  [125, 'PEER', 'the command on the host was killed'],
  [126, 'PEER', 'rsync cannot be run on the host'],
  [127, 'PEER', 'rsync is not in the PATH of the host; --rsync-path says where it is'],
  [255, 'UNREACHABLE', 'the program that connects failed'],
  [77, 'PEER', 'rsync failed with exit code 77'],
];

test('every exit code of rsync has a sentence and a code of its own', () => {
  for (const [code, fault, words] of byExitCode)
    assert.equal(lineFor({ code }), `${fault} ${words}`);
  assert.equal(new Set(byExitCode.map(([, , words]) => words)).size, byExitCode.length);
  assert.equal(lineFor({ code: 0, stderr: 'rsync: some warning\n' }), 'fine');
});

test('what rsync complained about first is quoted, not its last words', () => {
  const stderr = 'rsync: [sender] first\nrsync: second\nrsync error: last (code 2) at main.c(1)\n';
  assert.equal(
    lineFor({ code: 2, stderr }),
    'PEER the two rsyncs do not understand each other: "rsync: [sender] first"',
  );
  assert.equal(
    lineFor({ code: 2, stderr: 'rsync error: last\n' }),
    'PEER the two rsyncs do not understand each other: "rsync error: last"',
  );
});

test('a signal that ended rsync is LOCAL', () => {
  assert.equal(lineFor({ code: null, signal: 'SIGKILL' }), 'LOCAL rsync was ended by SIGKILL');
});

/** As rsync 3.1 to 3.5 write them. */
const bySaying: readonly (readonly [number, string, FaultCode, string])[] = [
  [5, '@ERROR: auth failed on module x', 'REFUSED', 'the user or password is not accepted'],
  [
    5,
    '@ERROR: access denied to x from UNKNOWN (192.0.2.1)',
    'REFUSED',
    'the rsync daemon does not let this machine in',
  ],
  [5, "@ERROR: Unknown module 'x'", 'PEER', 'the rsync daemon has no such module'],
  [5, '@ERROR: max connections (1) reached -- try again later', 'PEER', 'the rsync daemon is busy'],
  [
    5,
    'rsync: server sent "HTTP/1.1 400" rather than greeting',
    'PEER',
    'no rsync daemon answers there',
  ],
  [5, '@ERROR: chdir failed', 'PEER', 'the rsync daemon turns the request away'],
  [
    10,
    'rsync: The server is configured to refuse --times (-t)',
    'PEER',
    'the rsync daemon refuses an option',
  ],
  [
    10,
    'rsync: [Receiver] failed to connect to x (192.0.2.1): Connection refused (111)',
    'UNREACHABLE',
    'connecting failed',
  ],
  [
    10,
    'rsync: failed to connect to x (192.0.2.1): Connection timed out (110)',
    'TIMEOUT',
    'connecting took longer than the system waits',
  ],
  [
    10,
    'rsync: getaddrinfo: x 873: Name or service not known',
    'UNREACHABLE',
    'the name of the peer has no address',
  ],
  [
    23,
    'rsync: [sender] link_stat "x" (in m) failed: No such file or directory (2)',
    'NO_OUTPUT',
    'there is no such file',
  ],
  [
    23,
    'rsync: link_stat "/x" failed: No such file or directory (2)',
    'NO_OUTPUT',
    'there is no such file',
  ],
  [
    3,
    'rsync: change_dir "/x" failed: No such file or directory (2)',
    'NO_OUTPUT',
    'there is no such file',
  ],
  [
    23,
    'rsync: [sender] send_files failed to open "x" (in m): Permission denied (13)',
    'REFUSED',
    'the peer may not read the file',
  ],
  [
    23,
    'rsync: [receiver] mkstemp "/tmp/.x" failed: Permission denied (13)',
    'LOCAL',
    'rsync cannot write the file here',
  ],
  [
    11,
    'rsync: [receiver] write failed on "/x": No space left on device (28)',
    'LOCAL',
    'there is no space for the file here',
  ],
  [24, 'file has vanished: "x" (in m)', 'NO_OUTPUT', 'the file vanished before it was read'],
  [
    12,
    '/usr/bin/rrsync error: post-realpath open failed (race detected): /x No such file or directory',
    'NO_OUTPUT',
    'there is no such file',
  ],
  [
    127,
    'sh: 1: rsync: not found',
    'PEER',
    'rsync is not in the PATH of the host; --rsync-path says where it is',
  ],
  [
    12,
    'bash: line 1: rsync: command not found',
    'PEER',
    'rsync is not in the PATH of the host; --rsync-path says where it is',
  ],
  [
    12,
    'bash: line 1: /no/rsync: No such file or directory',
    'PEER',
    'rsync is not in the PATH of the host; --rsync-path says where it is',
  ],
  [
    12,
    'zsh:1: command not found: rsync',
    'PEER',
    'rsync is not in the PATH of the host; --rsync-path says where it is',
  ],
  [
    12,
    '/usr/bin/rrsync error: option -s has been disabled on this server.',
    'REFUSED',
    'the restricted rsync of the host does not allow it',
  ],
];

test('what rsync says is known, whatever the exit code that came with it', () => {
  for (const [code, said, fault, words] of bySaying) {
    const quoted = said.replaceAll('"', "'");
    const stderr = `${said}\nrsync: [Receiver] read error: Connection reset by peer (104)\n`;
    const expected = `${fault} ${words}: "${quoted}"`;
    assert.equal(lineFor({ code, stderr }), expected);
    assert.equal(lineFor({ code: 12, stderr: `Password: ${stderr}` }), expected);
  }
});

test('a host that answers with something else than rsync is PEER', () => {
  assert.equal(
    lineFor(
      { code: 12, stderr: 'This account is closed.\nrsync: connection closed\n' },
      'web01:22',
    ),
    'PEER the host answers, but not as rsync: "This account is closed."',
  );
});

test('when ssh failed, what ssh said counts', () => {
  const stderr =
    'Host key verification failed.\nrsync: connection unexpectedly closed\nrsync error: unexplained error (code 255) at io.c(1)\n';
  for (const code of [255, 12]) {
    assert.equal(
      lineFor({ code, stderr }, 'web01:22'),
      'REFUSED connecting to web01:22: its host key cannot be verified',
    );
  }
});

test('why rsync left the file where it is', () => {
  const skipFor = (stdout: string) => {
    const { code, message } = findSkip({ ...fine, stdout: Buffer.from(stdout) });
    return `${code} ${message}`;
  };
  assert.equal(
    skipFor('a is over max-size\n'),
    'TOO_LARGE the file is larger than allowed: "a is over max-size"',
  );
  assert.equal(
    skipFor('skipping directory a\n'),
    'MALFORMED it is a directory, not a regular file: "skipping directory a"',
  );
  assert.equal(
    skipFor('skipping non-regular file "a"\n'),
    `MALFORMED it is a link or device, not a regular file: "skipping non-regular file 'a'"`,
  );
  assert.equal(skipFor(''), 'PEER rsync ended well, but there is no file');
});
