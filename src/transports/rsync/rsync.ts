/** `rsync:` and `rsync+ssh:`: one file through the system's rsync, from a daemon or through ssh. */

import { join } from 'node:path';
import type { Environment } from '../../cli/environment.ts';
import { parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierErrorWhile } from '../../faults/system-errors.ts';
import { writeWholeFile } from '../../files/file-calls.ts';
import { checkForAnyHost } from '../../openssh/login.ts';
import { type OpenSsh, openSsh, sshOptions } from '../../openssh/openssh.ts';
import { readSecret, secretOptions } from '../../secrets/secret-options.ts';
import type { Secret } from '../../secrets/secrets.ts';
import { withPrivateDirectory } from '../../system/private-directory.ts';
import type { SourceUri } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { type FileCall, fetchFile } from './fetch-file.ts';
import { locateRemoteFile, type RsyncLocation } from './location.ts';
import { toRemoteShell } from './remote-shell.ts';

const options = {
  ...sshOptions,
  ...secretOptions(
    'password',
    'the password of the user in the source, for an rsync daemon, or for a host that takes no ssh key',
  ),
  rsyncPath: {
    kind: 'value',
    placeholder: 'PROGRAM',
    describe: 'with rsync+ssh: what to call on the host, where rsync is not in its PATH',
    parse: parseRsyncPath,
  },
  idleTimeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long the peer may be silent, in whole seconds',
    parse: parsePositiveDuration,
    fallback: '30s',
  },
} as const satisfies OptionTable;

type RsyncOptions = OptionValues<typeof options>;

/** What an open transport works with. */
interface Access {
  readonly options: RsyncOptions;
  readonly context: OpenContext;
  readonly ssh: OpenSsh | undefined;
  readonly password: Secret | undefined;
}

export const rsync = defineTransport({
  options,
  traits: { concurrency: 16, consumes: false },
  async open(uri, values, context) {
    context.signal.throwIfAborted();
    await checkForAnyHost((target) => locateRemoteFile(uri, target));
    const access = await openAccess(uri, values, context);
    return {
      fetch: async (target, signal) => fetch(locateRemoteFile(uri, target), access, signal),
    };
  },
});

async function openAccess(
  { scheme }: SourceUri,
  values: RsyncOptions,
  context: OpenContext,
): Promise<Access> {
  const base = { options: values, context, ssh: undefined, password: undefined };
  if (scheme === 'rsync+ssh') return { ...base, ssh: await openSsh(values, context) };
  return { ...base, password: await readSecret(values, 'password', context) };
}

async function fetch(
  location: RsyncLocation,
  access: Access,
  signal: AbortSignal,
): Promise<Delivery> {
  signal.throwIfAborted();
  const { env } = access.context;
  try {
    return await withPrivateDirectory(env, async (directory) => {
      const call = await toCall(location, access, directory);
      const run = (sshEnv = call.env) => fetchFile({ ...call, env: sshEnv }, directory, signal);
      const overSsh = access.ssh?.whileUsing(location.login, signal, run);
      const { bytes, modifiedAt } = await (overSsh ?? run());
      return {
        output: bytes,
        origin: location.shown,
        producedAt: modifiedAt,
        async acknowledge() {},
      };
    });
  } catch (error) {
    if (error === signal.reason) throw error;
    throw asCourierErrorWhile(error, `fetching ${location.shown}`);
  }
}

async function toCall(
  { argument, login, needsSeclusion }: RsyncLocation,
  { context, options: { idleTimeout, connectTimeout, rsyncPath }, password, ssh }: Access,
  directory: string,
): Promise<FileCall> {
  const { env, maxOutputBytes } = context;
  const common = [`--timeout=${toSeconds(idleTimeout)}`, ...(needsSeclusion ? ['-s'] : [])];
  if (ssh !== undefined) {
    const options = [
      ...common,
      `--rsh=${toRemoteShell(ssh.toArguments(login))}`,
      ...(rsyncPath === undefined ? [] : [`--rsync-path=${rsyncPath}`]),
    ];
    return { argument, options, env: ssh.env, maxOutputBytes, attempt: ssh.toAttempt(login) };
  }
  const options = [
    ...common,
    '--no-motd',
    `--contimeout=${toSeconds(connectTimeout)}`,
    ...(await handOver(password, directory)),
  ];
  return { argument, options, env: toEnvironment(env), maxOutputBytes, attempt: undefined };
}

/** rsync insists on a file that is its user's alone, which `--password-file` need not be. */
async function handOver(
  password: Secret | undefined,
  directory: string,
): Promise<readonly string[]> {
  if (password === undefined) return [];
  const path = join(directory, 'password');
  await writeWholeFile(path, `${password.reveal()}\n`, { mode: 0o600, flag: 'wx' });
  return [`--password-file=${path}`];
}

/** Without what could change what rsync does: RSYNC_RSH, RSYNC_PASSWORD, the site's LD_LIBRARY_PATH. */
function toEnvironment(env: Environment): Environment {
  const names = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'RSYNC_PROXY'];
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

/** The shell of the user there reads it, so it may be more than a path: `sudo -n rsync`. */
function parseRsyncPath(raw: string): string {
  if (raw.trim() !== '' && !/\p{Cc}/u.test(raw)) return raw;
  throw new CourierError('USAGE', `must name a program, not ${quote(raw)}`);
}

function toSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000);
}
