import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toSftpFault } from '../../../src/transports/sftp/sftp-faults.ts';

const stdout = Buffer.alloc(0);

/** What is told when sftp ends in that way. */
function told(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const fault = toSftpFault({ stdout, stderr, code, signal }, '/drops/web01 on web01:22', {
    at: 'web01:22',
  });
  return `${fault.message} (${fault.code})`;
}

const lost = 'fetching /drops/web01 on web01:22: the connection was lost (UNREACHABLE)';

test('a lost connection is the same, whether sftp or ssh notices it first', () => {
  assert.equal(told(null, 'SIGPIPE', ''), lost);
  assert.equal(told(1, null, 'Connection closed.  \r\n'), lost);
  const reset = 'client_loop: send disconnect: Broken pipe\r\n';
  assert.equal(told(null, 'SIGPIPE', reset), told(255, null, reset));
  assert.match(told(255, null, reset), / \(UNREACHABLE\)$/);
});

test('what was said about the file counts, however sftp ended', () => {
  const gone = 'stat remote: No such file or directory\n';
  assert.equal(told(1, null, gone), 'there is no /drops/web01 on web01:22 (NO_OUTPUT)');
  assert.equal(told(null, 'SIGPIPE', gone), 'there is no /drops/web01 on web01:22 (NO_OUTPUT)');
});

test('another signal is somebody of this machine', () => {
  assert.equal(
    told(null, 'SIGKILL', ''),
    'connecting to web01:22: ssh was ended by SIGKILL (LOCAL)',
  );
});
