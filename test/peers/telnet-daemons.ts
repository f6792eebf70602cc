/** Real telnet servers with a real login, for a user that only they know. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { behindMounts } from './private-mounts.ts';

export const user = 'switchadmin';

/** Debian's plain `busybox` has no telnetd; `.tools/prepare-machine` unpacks one that has. */
const unpacked = fileURLToPath(
  new URL('../../node_modules/.cache/busybox-static/bin/busybox', import.meta.url),
);
const busyboxFile = existsSync(unpacked) ? unpacked : 'busybox';

export function skipWithoutTelnetd(): string | false {
  try {
    const applets = execFileSync(busyboxFile, ['--list'], { encoding: 'utf8' });
    return applets.includes('telnetd') ? false : 'this busybox has no telnetd';
  } catch {
    return 'busybox is not installed';
  }
}

/** Hands each connection as stdin, stdout and stderr to a program, as inetd does. */
const accepting = `
import os, signal, socket, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(('127.0.0.1', int(sys.argv[1])))
server.listen()
while True:
    peer, _ = server.accept()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (0, 1, 2):
            os.dup2(peer.fileno(), number)
        os.execv(sys.argv[2], sys.argv[2:])
    peer.close()
`;

/** Starts one of them; resolves with its port. */
export async function startTelnetd(
  t: TestContext,
  kind: 'busybox' | 'inetutils',
  password: string,
): Promise<number> {
  const directory = await makeTempDir(t);
  const port = await findFreePort();
  const places = writeAccounts(directory, password);
  const busybox = [busyboxFile, 'telnetd', '-F', '-b', `127.0.0.1:${port}`, '-l', '/bin/login'];
  const inetutils = ['python3', '-c', accepting, String(port), '/usr/sbin/telnetd'];
  const program = behindMounts(places, kind === 'busybox' ? busybox : inetutils);
  const daemon = await startDaemon('unshare', [...program], { host: '127.0.0.1', port });
  t.after(() => daemon.stop());
  return port;
}

/** Accounts as they are here, and one more, which logs in with a password. */
function writeAccounts(directory: string, password: string): Readonly<Record<string, string>> {
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: password,
    encoding: 'utf8',
  });
  const added = {
    passwd: `${user}:x:54321:54321::${directory}:/bin/bash`,
    shadow: `${user}:${hash.trim()}:20000:0:99999:7:::`,
  };
  const places = Object.entries(added).map(([name, line]) => {
    const path = join(directory, name);
    writeFileSync(path, `${readFileSync(`/etc/${name}`, 'utf8')}${line}\n`, { mode: 0o644 });
    return [`/etc/${name}`, path] as const;
  });
  return Object.fromEntries(places);
}
