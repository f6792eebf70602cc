/** Runs courier-send-mail in every shell, with a mail program that drops into a Maildir. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findProgram, type Shell, writeScript } from './courier-agent-shells.ts';

export const sendMailFile = fileURLToPath(
  new URL('../../../agents/host/courier-send-mail', import.meta.url),
);

/** What one test sends with, and where it goes. */
export interface Outbox {
  readonly shell: Shell;
  readonly root: string;
  /** For the script's temporary files. */
  readonly temporary: string;
  readonly maildir: string;
  /** A mail program that writes its arguments into `arguments`. */
  readonly mailer: string;
  readonly agent: string;
  readonly lock: string;
}

/** BusyBox with its own applets only, so the GNU tools of this machine stay out of sight. */
function installBusybox(): Shell | undefined {
  const busybox = findProgram('busybox');
  if (busybox === undefined) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'courier-send-mail-busybox-'));
  after(() => rmSync(path, { recursive: true }));
  spawnSync(busybox, ['--install', '-s', path]);
  return { name: 'busybox', file: join(path, 'sh'), path };
}

function findShell(name: string): Shell | undefined {
  const file = findProgram(name);
  return file === undefined ? undefined : { name, file, path: process.env['PATH'] ?? '' };
}

const shells = new Map([
  ['dash', findShell('dash')],
  ['busybox', installBusybox()],
  ['ksh', findShell('ksh')],
]);

/** Registers one test for each shell; a shell that is not installed is skipped. */
export function testInShells(name: string, run: (outbox: Outbox) => void | Promise<void>): void {
  for (const [shellName, shell] of shells) {
    const skip = shell === undefined ? `${shellName} is not installed` : false;
    test(`${shellName}: ${name}`, { skip }, async (t) => {
      if (shell !== undefined) await run(makeOutbox(shell, t));
    });
  }
}

function makeOutbox(shell: Shell, t: TestContext): Outbox {
  const root = mkdtempSync(join(tmpdir(), 'courier-send-mail-'));
  t.after(() => rmSync(root, { recursive: true }));
  const outbox = {
    shell,
    root,
    temporary: join(root, 'tmp'),
    maildir: join(root, 'Maildir'),
    mailer: join(root, 'mailer'),
    agent: join(root, 'agent'),
    lock: join(root, 'lock'),
  };
  for (const name of ['', 'tmp', 'new', 'cur'])
    mkdirSync(join(outbox.maildir, name), { recursive: true });
  mkdirSync(outbox.temporary);
  writeScript(
    outbox.mailer,
    `printf '%s\\n' "$@" >'${root}/arguments'`,
    `cat >'${outbox.maildir}/tmp/mail'`,
    `mv '${outbox.maildir}/tmp/mail' "${outbox.maildir}/new/$(date +%s).M1P$$.testhost"`,
  );
  return outbox;
}

/** The options every run has; others are added or replace them. */
export function usualArguments({ mailer, agent, lock }: Outbox): readonly string[] {
  return [
    '--to=checkmk@example.com',
    '--from=root@web1.example.com',
    '--host=web1',
    `--agent=${agent}`,
    `--mailer=${mailer}`,
    `--lock=${lock}`,
  ];
}

export function environmentOf(outbox: Outbox): Record<string, string> {
  return { PATH: outbox.shell.path, TMPDIR: outbox.temporary, HOME: outbox.root };
}

export function send(
  outbox: Outbox,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  return spawnSync(outbox.shell.file, [sendMailFile, ...usualArguments(outbox), ...args], {
    encoding: 'utf8',
    env: { ...environmentOf(outbox), ...environment },
    timeout: 30_000,
  });
}

/** Loads the script without running it, then runs `script`. */
export function runInLibrary(outbox: Outbox, script: string): SpawnSyncReturns<Buffer> {
  return spawnSync(outbox.shell.file, ['-c', `. "$0"\n${script}`, sendMailFile], {
    env: { ...environmentOf(outbox), COURIER_SEND_MAIL_LIBRARY: '1' },
    timeout: 30_000,
  });
}

/** The one message that was sent. */
export function readMail({ maildir }: Outbox): string {
  const [name = ''] = readdirSync(join(maildir, 'new'));
  return readFileSync(join(maildir, 'new', name), 'latin1');
}

/** What is left of a run: temporary files, and the lock. */
export function listLeftovers({ temporary, root }: Outbox): readonly string[] {
  return [
    ...readdirSync(temporary),
    ...readdirSync(root).filter((name) => name.startsWith('lock')),
  ];
}
