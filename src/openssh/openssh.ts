/** What ssh, sftp and rsync over ssh have in common: the system's OpenSSH, told exactly what to do. */

import { access, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseDuration, parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import { describeLogin, parseLogin, type SshLogin } from './login.ts';
import { parseSshPath, quoteValue } from './values.ts';

/** Options of every transport that uses OpenSSH. */
export const sshOptions = {
  sshKey: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'private key to log in with; without it the keys ssh finds by itself',
    parse: parseSshPath,
  },
  knownHosts: {
    kind: 'value',
    placeholder: 'FILE',
    describe:
      'host keys to trust, as `cmk-courier ssh-trust` records them; without it etc/cmk-courier/known_hosts of the site, or ~/.config/cmk-courier/known_hosts',
    parse: parseSshPath,
  },
  proxyJump: {
    kind: 'value',
    placeholder: 'LOGINS',
    describe: 'reach the host through [user@]host[:port], or through several, parted by commas',
    parse: (raw: string) => raw.split(',').map(parseLogin),
  },
  multiplex: {
    kind: 'value',
    placeholder: 'DURATION',
    describe:
      'keep the connection for the next fetch, as long as nobody uses it for this time; 0s for none',
    parse: parseDuration,
  },
  connectTimeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time to connect, for each host on the way',
    parse: parsePositiveDuration,
    fallback: '10s',
  },
} as const satisfies OptionTable;

export type SshOptions = OptionValues<typeof sshOptions>;
type Environment = Readonly<Record<string, string | undefined>>;

/** OpenSSH with the options of a source. */
export interface OpenSsh {
  /**
   * The arguments for ssh, sftp and rsync's `--rsh` that say how to reach a login, user and port
   * among them. What follows must be `--` and the host, {@link SshLogin.host} alone.
   */
  toArguments(login: SshLogin): readonly string[];
  /**
   * Waits for what runs over a connection to a login. Where it is kept and the signal aborts, it is
   * ended: what hangs at its other end would go on there, once more with each fetch.
   */
  whileUsing<Result>(
    login: SshLogin,
    signal: AbortSignal,
    use: () => Promise<Result>,
  ): Promise<Result>;
  /** Whether a connection to a login is kept, and still there. */
  isConnected(login: SshLogin): Promise<boolean>;
  /** The environment ssh, and whatever starts it, is to have. */
  readonly env: Environment;
}

/**
 * Checks the options and the files they name, and makes the directory for control sockets when
 * connections are to be kept.
 *
 * The first setting of a kind counts for ssh, so `settings` override all others.
 *
 * @param settings more of ssh's own, such as `LogLevel=DEBUG1`
 * @throws CourierError USAGE; LOCAL when the key cannot be read; CONFIG when others may change the
 * host keys
 */
export async function openSsh(
  options: SshOptions,
  env: Environment,
  settings: readonly string[] = [],
): Promise<OpenSsh> {
  const { proxyJump = [], multiplex = 0 } = options;
  if (multiplex > 0 && proxyJump.length > 0) {
    throw new CourierError('USAGE', '--multiplex does not work together with --proxy-jump');
  }
  const common = [...settings, ...toSettings(options, env)];
  await requireTrusted(findKnownHosts(options.knownHosts, env));
  if (options.sshKey !== undefined) await requireReadable(resolve(options.sshKey));
  const keep =
    multiplex === 0
      ? undefined
      : await (await import('./multiplexing.ts')).prepareMultiplexing(multiplex, env);
  const toOwn = (login: SshLogin) => [
    ...common,
    ...toLoginSettings(login),
    ...toProxy(proxyJump, common),
  ];
  const kept = (login: SshLogin) => keep?.(toOwn(login), describeLogin(login));
  return {
    env: toEnvironment(env),
    toArguments: (login) => toOptions([...toOwn(login), ...(kept(login)?.settings ?? [])]),
    isConnected: async (login) => (await kept(login)?.isThere()) ?? false,
    async whileUsing(login, signal, use) {
      try {
        return await use();
      } catch (error) {
        if (signal.aborted) await kept(login)?.end();
        throw error;
      }
    },
  };
}

/** ssh's own, and nothing that could change what it does: no LD_LIBRARY_PATH of the site. */
function toEnvironment(env: Environment): Environment {
  const names = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'SSH_AUTH_SOCK'];
  const kept = names.map((name) => [name, env[name]] as const);
  // ssh has this shell run ProxyCommand, and it is for this one that we quote.
  return { ...Object.fromEntries(kept), SHELL: '/bin/sh' };
}

/** `-F none`: neither the user's nor the machine's ssh_config can change the meaning. */
function toOptions(settings: readonly string[]): readonly string[] {
  return ['-F', 'none', ...settings.flatMap((setting) => ['-o', setting])];
}

function toSettings(options: SshOptions, env: Environment): readonly string[] {
  const { sshKey, connectTimeout } = options;
  const key =
    sshKey === undefined
      ? []
      : [`IdentityFile=${quoteValue(resolve(sshKey))}`, 'IdentitiesOnly=yes'];
  return [
    ...key,
    `UserKnownHostsFile=${quoteValue(findKnownHosts(options.knownHosts, env))}`,
    `ConnectTimeout=${Math.ceil(connectTimeout / 1000)}`,
    ...fixedSettings,
  ];
}

const fixedSettings: readonly string[] = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'GlobalKnownHostsFile=/dev/null',
  'UpdateHostKeys=no',
  'CheckHostIP=no',
  'PreferredAuthentications=publickey',
  'PasswordAuthentication=no',
  'KbdInteractiveAuthentication=no',
  'NumberOfPasswordPrompts=0',
  'ServerAliveInterval=5',
  'ServerAliveCountMax=3',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'RequestTTY=no',
  'EscapeChar=none',
  // At ERROR ssh would not say why the two could not agree on algorithms.
  'LogLevel=INFO',
];

function toLoginSettings({ user, port }: SshLogin): readonly string[] {
  return [
    ...(user === undefined ? [] : [`User=${user}`]),
    ...(port === undefined ? [] : [`Port=${port}`]),
  ];
}

/**
 * The way through other hosts. ssh's own ProxyJump would run a second ssh that knows nothing of
 * our settings: it hands on `-F` and `-v`, but no `-o` (ssh.c, OpenSSH 9.2). So we say what it
 * would run, with all of them.
 */
function toProxy(hops: readonly SshLogin[], common: readonly string[]): readonly string[] {
  const last = hops.at(-1);
  if (last === undefined) return [];
  const own = [...common, ...toLoginSettings(last), ...toProxy(hops.slice(0, -1), common)];
  const words = ['ssh', ...toOptions(own)].map(toShellWord).join(' ');
  return [`ProxyCommand=${words.replaceAll('%', '%%')} -W [%h]:%p -- ${last.host}`];
}

/** Backslashes alone: ssh itself looks for quotes in the line before it hands it to the shell. */
function toShellWord(text: string): string {
  return text.replace(/[^\w./:=@,%+-]/gu, '\\$&');
}

/**
 * The courier's own file of host keys, never the user's.
 *
 * @throws CourierError USAGE when nothing says where it is
 */
export function findKnownHosts(given: string | undefined, env: Environment): string {
  if (given !== undefined) return resolve(given);
  const { OMD_ROOT, XDG_CONFIG_HOME, HOME } = env;
  const configuration = XDG_CONFIG_HOME || (HOME && join(HOME, '.config'));
  const parent = OMD_ROOT ? join(OMD_ROOT, 'etc') : configuration;
  if (!parent) {
    throw new CourierError('USAGE', '--known-hosts is missing: neither OMD_ROOT nor HOME is set');
  }
  return parseSshPath(resolve(parent, 'cmk-courier', 'known_hosts'));
}

async function requireReadable(key: string): Promise<void> {
  await promisify(access)(key, constants.R_OK).catch((error: unknown) => {
    throw asCourierError(error, `reading --ssh-key ${key}`);
  });
}
