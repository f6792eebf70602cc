/** Runs courier-send in every shell, with every client. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Authority } from '../../helpers/certificates.ts';
import { programPath } from '../../helpers/programs.ts';
import { type Ended, type Running, start } from '../../helpers/run-program.ts';
import { findProgram, type Shell, testInShells, writeScript } from './courier-agent-shells.ts';
import { type Receiver, startReceiver } from './courier-send-peer.ts';

export const sendFile = fileURLToPath(
  new URL('../../../agents/host/courier-send', import.meta.url),
);

export type Client = 'curl' | 'wget' | 'openssl' | 'uclient-fetch' | 'busybox';

/** BusyBox leaves TLS to openssl, and so do we. */
export const clients: readonly Client[] = ['curl', 'wget', 'openssl', 'uclient-fetch', 'busybox'];

/** Those that show their headers, the token among them, to everybody on the host. */
const showsToken = (client: Client) => client === 'busybox' || client === 'uclient-fetch';

/** Debian has no uclient-fetch: ours says and does the same, with curl to send. */
const programOf = (client: Client) => (client === 'uclient-fetch' ? 'curl' : client);

/** A random one, so that it is found wherever it is. */
export const token = `token-${crypto.randomUUID()}`;

const authority = new Authority();
export const serverTls: TlsOptions = {
  ...authority.issueServer({ name: '127.0.0.1', names: ['localhost'] }),
  ca: authority.cert,
  requestCert: true,
  rejectUnauthorized: false,
};

/** A receiver and a host that sends to it. */
export interface Sender {
  readonly shell: Shell;
  readonly client: Client;
  readonly receiver: Receiver;
  readonly root: string;
  readonly state: string;
  readonly agent: string;
  /** A directory that is searched for programs before all others. */
  readonly programs: string;
  readonly authority: Authority;
  readonly env: Readonly<Record<string, string>>;
}

type Run = (sender: Sender) => void | Promise<void>;

/** Registers one test for each shell and client, with a receiver of its own. */
export function testSending(
  name: string,
  run: Run,
  withClients: readonly Client[] = clients,
): void {
  for (const client of withClients) {
    const sentence = `with ${client}, ${name}`;
    if (findProgram(programOf(client)) === undefined) {
      test(sentence, { skip: `${programOf(client)} is not installed` }, () => undefined);
    } else {
      testInShells(sentence, (shell, { root }) => withSender(shell, client, root, run));
    }
  }
}

/** The same for what has nothing to do with the client. */
export function testHost(name: string, run: Run): void {
  testInShells(name, (shell, { root }) => withSender(shell, 'curl', root, run));
}

async function withSender(shell: Shell, client: Client, root: string, run: Run): Promise<void> {
  const programs = join(root, 'bin');
  mkdirSync(programs);
  // BusyBox's own wget comes first in its directory.
  const wget = findProgram('wget');
  if (client === 'wget' && wget !== undefined) symlinkSync(wget, join(programs, 'wget'));
  const curl = findProgram('curl');
  if (client === 'uclient-fetch') symlinkSync(programPath(client), join(programs, client));
  const receiver = await startReceiver(serverTls);
  writeFileSync(join(root, 'ca.pem'), authority.cert);
  writeFileSync(join(root, 'token'), `${token}\n`, { mode: 0o600 });
  const env = {
    PATH: `${programs}:${shell.path}`,
    HOME: root,
    ...(client === 'uclient-fetch' && curl !== undefined ? { REAL_CURL: curl } : {}),
  };
  const state = join(root, 'state');
  try {
    await run({
      shell,
      client,
      receiver,
      root,
      state,
      agent: join(root, 'agent'),
      programs,
      authority,
      env,
    });
  } finally {
    await receiver.close();
  }
}

/** An agent that prints these bytes. */
export function writeAgent({ root, agent }: Sender, bytes: Buffer | string): void {
  writeFileSync(join(root, 'printed'), bytes);
  writeScript(agent, `cat '${root}/printed'`);
}

export const goodOutput = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');

/** BusyBox cannot check certificates of addresses. */
export function urlFor({ client, receiver }: Sender): string {
  return client === 'busybox' ? `https://localhost:${receiver.port}` : receiver.url;
}

/** The usual arguments and those of a test, whose receivers take the place of the usual one. */
function argumentsFor(sender: Sender, args: readonly string[]): readonly string[] {
  const { agent, client, root, state } = sender;
  const isNamed = args.some((argument) => argument.startsWith('--to='));
  return [
    ...(isNamed ? [] : [`--to=${urlFor(sender)}`]),
    `--token-file=${root}/token`,
    `--ca=${root}/ca.pem`,
    '--host=web01',
    `--agent=${agent}`,
    `--client=${client}`,
    `--state=${state}`,
    '--timeout=60',
    `--allow-visible-token=${showsToken(client) ? 'yes' : 'no'}`,
    ...args,
  ];
}

export function startSending(sender: Sender, args: readonly string[] = []): Running {
  const { shell, env } = sender;
  return start(shell.file, [sendFile, ...argumentsFor(sender, args)], { env });
}

/** The same on a host that has no /proc. */
export function startWithoutProc(sender: Sender, args: readonly string[] = []): Running {
  const { shell, env } = sender;
  const script = 'mount -t tmpfs none /proc && exec "$@"';
  const command = [shell.file, sendFile, ...argumentsFor(sender, args)];
  return start('unshare', ['-m', '/bin/sh', '-c', script, 'sh', ...command], { env });
}

/** Sends and expects this exit code, and this one line after the program's name, if any. */
export async function send(
  sender: Sender,
  code: number,
  line = '',
  args: readonly string[] = [],
): Promise<void> {
  const { stdout, stderr, code: ended } = await startSending(sender, args).ended;
  const said = line === '' ? '' : `courier-send: ${line}\n`;
  assert.deepEqual(
    { stdout: stdout.toString(), stderr, code: ended },
    { stdout: '', stderr: said, code },
  );
}

/** Loads the script without running it, then runs `script`. */
export function runInLibrary({ shell, env, state }: Sender, script: string): Promise<Ended> {
  const lines = `. "$0"\nset_defaults\nset_up_environment\nopt_STATE='${state}'\n${script}`;
  return start(shell.file, ['-c', lines, sendFile], { env: { ...env, COURIER_SEND_LIBRARY: '1' } })
    .ended;
}

/** What is in the state directory; the lock of a run that is over is not counted. */
export function listState({ state }: Sender): readonly string[] {
  return readdirSync(state).filter((name) => !name.startsWith('lock.'));
}
