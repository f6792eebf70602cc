/** What ssh, sftp and rsync over ssh have in common: the system's OpenSSH, told exactly what to do. */

import { join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { parseDuration, parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { readSecret, secretOptions } from '../secrets/secret-options.ts';
import type { Secret, SecretContext } from '../secrets/secrets.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import { algorithmOptions, toAlgorithmSettings } from './algorithms.ts';
import type { SshAttempt } from './faults.ts';
import { describeLogin, parseLogin, type SshLogin } from './login.ts';
import {
  findKnownHosts,
  passwordSettings,
  toLoginSettings,
  toOptions,
  toProxy,
  toSettings,
} from './settings.ts';
import { parseSshPath } from './values.ts';

/** Options of every transport that uses OpenSSH. */
export const sshOptions = {
  sshKey: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'private key to log in with; without it the keys ssh finds by itself',
    parse: parseSshPath,
  },
  ...secretOptions(
    'password',
    'the password of the user in the source, for hosts that take no key',
  ),
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
  ...algorithmOptions,
} as const satisfies OptionTable;

export type SshOptions = OptionValues<typeof sshOptions>;
/** What opening needs of its surroundings. */
export interface SshContext extends SecretContext {
  /** Ends what opening waits for. */
  readonly signal: AbortSignal;
}

/** OpenSSH with the options of a source. */
export interface OpenSsh {
  /**
   * The arguments for ssh, sftp and rsync's `--rsh` that say how to reach a login, user and port
   * among them. What follows must be `--` and the host, {@link SshLogin.host} alone.
   */
  toArguments(login: SshLogin): readonly string[];
  /**
   * Waits for what runs over a connection to a login. Where it is kept and the signal aborts, it is
   * ended: what hangs at its other end would go on there, once more with each fetch. What else runs
   * over it comes to its end first.
   *
   * @param use gets the environment ssh, and whatever starts it, is to have; where there is a
   * password, ssh finds it with that until `use` has ended
   */
  whileUsing<Result>(
    login: SshLogin,
    signal: AbortSignal,
    use: (env: Environment) => Promise<Result>,
  ): Promise<Result>;
  /** Whether a connection to a login is kept, and still there. */
  isConnected(login: SshLogin): Promise<boolean>;
  /** How ssh was started, to explain its messages when it fails. */
  toAttempt(login: SshLogin): SshAttempt;
  /** The environment of what needs no login. */
  readonly env: Environment;
}

/**
 * Checks the options and the files they name, and makes the directory for control sockets when
 * connections are to be kept.
 *
 * The first setting of a kind counts for ssh, so `settings` override all others.
 *
 * @param settings more of ssh's own, such as `LogLevel=DEBUG1`
 * @throws CourierError USAGE; LOCAL when the key or password cannot be read; CONFIG when they
 * cannot be used, or others may change the host keys
 */
export async function openSsh(
  options: SshOptions,
  context: SshContext,
  settings: readonly string[] = [],
): Promise<OpenSsh> {
  const { proxyJump = [], multiplex = 0 } = options;
  if (multiplex > 0 && proxyJump.length > 0) {
    throw new CourierError('USAGE', '--multiplex does not work together with --proxy-jump');
  }
  const { env } = context;
  const sshEnv = toEnvironment(env);
  await requireTrusted(findKnownHosts(options.knownHosts, env));
  const lockedKey = await findLockedKey(options.sshKey, env);
  const algorithms = await toAlgorithmSettings(options, sshEnv, context.signal);
  const common = [...settings, ...algorithms, ...toSettings(options, env)];
  const password = await readSecret(options, 'password', context);
  const lend = await toLender(password, env, sshEnv);
  const keep =
    multiplex === 0
      ? undefined
      : await (await import('./multiplexing.ts')).prepareMultiplexing(multiplex, env);
  const toOwn = (login: SshLogin) => [
    ...(password === undefined ? [] : passwordSettings),
    ...common,
    ...toLoginSettings(login),
    // A password is for the host alone, not for those on the way to it.
    ...toProxy(proxyJump, common),
  ];
  const kept = (login: SshLogin) => keep?.(toOwn(login), toWhere(login, options));
  const [via, ...further] = proxyJump;
  const circumstances = {
    via: via === undefined || further.length > 0 ? undefined : describeLogin(via),
    hasPassword: password !== undefined,
    lockedKey,
    isLegacy: options.sshLegacy,
  };
  return {
    env: sshEnv,
    toArguments: (login) => toOptions([...toOwn(login), ...(kept(login)?.settings ?? [])]),
    isConnected: async (login) => (await kept(login)?.isThere()) ?? false,
    toAttempt: (login) => ({ at: describeLogin(login), ...circumstances }),
    async whileUsing(login, signal, use) {
      return kept(login)?.lend(signal, () => lend(use)) ?? lend(use);
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

/** Keys that ssh looks for itself, the usual ones. */
const ownKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** A key that can be used through an agent only, if at all. */
async function findLockedKey(
  sshKey: string | undefined,
  env: Environment,
): Promise<string | undefined> {
  const { checkKeyFile, isLockedKey } = await import('./key-file.ts');
  if (sshKey !== undefined) {
    const path = resolve(sshKey);
    return (await checkKeyFile(path, Boolean(env['SSH_AUTH_SOCK']))) ? path : undefined;
  }
  for (const name of env['HOME'] ? ownKeys : []) {
    const path = join(env['HOME'] ?? '', '.ssh', name);
    if (await isLockedKey(path)) return path;
  }
  return undefined;
}

/** Lends the environment, with a password in reach where there is one. */
async function toLender(password: Secret | undefined, env: Environment, sshEnv: Environment) {
  type Use<Result> = (env: Environment) => Promise<Result>;
  if (password === undefined) return <Result>(use: Use<Result>) => use(sshEnv);
  const { checkPassword, withAskpass } = await import('./askpass.ts');
  checkPassword(password);
  return <Result>(use: Use<Result>) => withAskpass(password, { env, sshEnv }, use);
}

/**
 * Identifies a kept connection by its target and password: a wrong password must not get in through
 * a connection made with the right one.
 */
function toWhere(login: SshLogin, { passwordFile, passwordId }: SshOptions): string {
  const from = passwordFile ?? passwordId;
  return describeLogin(login) + (from === undefined ? '' : ` with ${from}`);
}
