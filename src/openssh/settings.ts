/** What ssh is told: every setting on its command line, none from a file. */

import { join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import type { SshLogin } from './login.ts';
import { parseSshPath, quoteValue } from './values.ts';

/** `-F none`: neither the user's nor the machine's ssh_config can change the meaning. */
export function toOptions(settings: readonly string[]): readonly string[] {
  return ['-F', 'none', ...settings.flatMap((setting) => ['-o', setting])];
}

/** Settings that follow from options, then those that always hold; the first of a kind counts. */
export function toSettings(
  options: {
    readonly sshKey: string | undefined;
    readonly knownHosts: string | undefined;
    readonly connectTimeout: number;
  },
  env: Environment,
): readonly string[] {
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

/**
 * What a password changes. Keys come first: where one is accepted the password stays here. In
 * batch mode ssh asks nobody, not even the program that has it.
 */
export const passwordSettings: readonly string[] = [
  'BatchMode=no',
  'PreferredAuthentications=publickey,password,keyboard-interactive',
  'PasswordAuthentication=yes',
  'KbdInteractiveAuthentication=yes',
  'NumberOfPasswordPrompts=1',
];

export function toLoginSettings({ user, port }: SshLogin): readonly string[] {
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
export function toProxy(hops: readonly SshLogin[], common: readonly string[]): readonly string[] {
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
