/**
 * What went wrong, from what ssh says: it has one exit code for all of it, 255.
 *
 * The texts are those of OpenSSH 9 in the C locale: sshconnect.c, sshconnect2.c, packet.c, kex.c,
 * clientloop.c, misc.c. They have hardly changed since version 5.
 */

import { CourierError, type FaultCode, quote } from '../faults/errors.ts';
import type { ProgramEnd } from '../system/program/call.ts';
import { describeMismatch } from './algorithms.ts';

/** How ssh was started, which is needed to understand its messages. */
export interface SshAttempt {
  /** Where it was to go: `web01:22`. */
  readonly at: string;
  /** The jump host, when there is exactly one. */
  readonly via?: string | undefined;
  /** Whether it had a password to give. */
  readonly hasPassword?: boolean;
  /** A key it could not use by itself because the key wants a passphrase. */
  readonly lockedKey?: string | undefined;
  /** Whether it may use all the old algorithms it has. */
  readonly isLegacy?: boolean;
}

interface Reading {
  readonly says: RegExp;
  readonly code: FaultCode;
  /** Continues `connecting to HOST: `; gets what `says` has captured. */
  readonly why: (attempt: SshAttempt, ...found: readonly string[]) => string;
}

/** The most telling first: one failure makes ssh write several of them. */
const readings: readonly Reading[] = [
  {
    says: /^Host key for (\S+) has changed and you have requested strict checking\./m,
    code: 'REFUSED',
    why: (_, host = '') =>
      `its host key has changed; if that is right, cmk-courier ssh-trust --replace ${toLogin(host)}`,
  },
  {
    says: /^No \S+ host key is known for (\S+) and you have requested strict checking\./m,
    code: 'REFUSED',
    why: (_, host = '') =>
      `its host key is not known; record it with cmk-courier ssh-trust ${toLogin(host)}`,
  },
  {
    says: /^@\s+WARNING: REVOKED HOST KEY DETECTED!/m,
    code: 'REFUSED',
    why: () => 'its host key is marked as revoked',
  },
  {
    says: /^Host key verification failed\./m,
    code: 'REFUSED',
    why: () => 'its host key cannot be verified',
  },
  {
    says: /^Load key "(.*)": bad permissions/m,
    code: 'CONFIG',
    why: (_, key = '') => `ssh does not use ${key}, which others may read; chmod 600 it`,
  },
  {
    says: /^Load key "(.*)": Permission denied/m,
    code: 'LOCAL',
    why: (_, key = '') => `we may not read ${key}`,
  },
  {
    says: /^Load key "(.*)": (.*)/m,
    code: 'CONFIG',
    why: (_, key = '', said = '') => `ssh cannot use ${key}: ${quote(said)}`,
  },
  {
    says: /^ssh_askpass: exec\((.*)\): (.*)/m,
    code: 'LOCAL',
    why: (_, program = '', said = '') =>
      `ssh cannot run ${program}, which has the password: ${said.trim().toLowerCase()}`,
  },
  {
    says: /^(\S+): Permission denied \((.*)\)\./m,
    code: 'REFUSED',
    why: describeDenial,
  },
  {
    says: /Too many authentication failures/,
    code: 'REFUSED',
    why: () => 'more keys were offered than it allows; name one with --ssh-key',
  },
  {
    says: /^ssh: Could not resolve hostname (\S+): Temporary failure/m,
    code: 'UNREACHABLE',
    why: (_, host = '') => `name resolution of ${host} failed for now`,
  },
  {
    says: /^ssh: Could not resolve hostname (\S+): /m,
    code: 'UNREACHABLE',
    why: (_, host = '') => `no such name in DNS: ${host}`,
  },
  {
    says: /^ssh: connect to host (\S+) port (\d+): Connection timed out/m,
    code: 'TIMEOUT',
    why: (_, host = '', port = '') => `connection to ${host} port ${port} timed out`,
  },
  {
    says: /^ssh: connect to host (\S+) port (\d+): (.*)/m,
    code: 'UNREACHABLE',
    why: (_, host = '', port = '', said = '') =>
      `${host} port ${port}: ${said.trim().toLowerCase()}`,
  },
  {
    says: /^Connection timed out during banner exchange|^Connection to \S+ port \d+ timed out/m,
    code: 'TIMEOUT',
    why: () => 'connected, but no ssh greeting came in time',
  },
  {
    says: /^Timeout, server \S+ not responding\./m,
    code: 'TIMEOUT',
    why: () => 'it has stopped answering',
  },
  {
    says: /^Unable to negotiate with .*: no matching (.*?) found\.(?: Their offer: (.*))?/m,
    code: 'PEER',
    why: ({ isLegacy = false }, said = '', offer = '') => describeMismatch(said, offer, isLegacy),
  },
  {
    says: /^Bad server host key: (.*)|^(?:ssh_dispatch_run_fatal: .*: )(Invalid key length|DH GEX group out of range|error in libcrypto|incorrect signature)/m,
    code: 'PEER',
    why: (_, ...said) =>
      `its key, or what it sends of it, is not accepted here: ${quote(said.find(Boolean) ?? '')}`,
  },
  {
    says: /^Protocol major versions differ|^banner exchange: .*: invalid format|banner line contains invalid|^Bad packet length/m,
    code: 'PEER',
    why: () => 'it does not speak ssh 2 there',
  },
  {
    says: /^channel \d+: open failed: administratively prohibited/m,
    code: 'REFUSED',
    why: (attempt) =>
      `${describeWay(attempt)} lets nobody through with this key; where that is restricted, it needs port-forwarding as well`,
  },
  {
    says: /^channel \d+: open failed: connect failed: (.*)[\s\S]*^stdio forwarding failed/m,
    code: 'UNREACHABLE',
    why: (attempt, said = '') =>
      `${describeWay(attempt)} cannot connect to it: ${said.trim().toLowerCase()}`,
  },
  {
    says: /^stdio forwarding failed/m,
    code: 'UNREACHABLE',
    why: (attempt) => `${describeWay(attempt)} cannot connect to it`,
  },
  {
    says: /^(?:kex_exchange_identification|banner exchange): /m,
    code: 'UNREACHABLE',
    why: () => 'connection closed before the ssh greeting',
  },
  {
    says: /^Connection to \S+ closed by remote host\.|^Connection (?:closed|reset) by |^client_loop: send disconnect|^Read from remote host|^mux_client_request_session: read from master failed/m,
    code: 'UNREACHABLE',
    why: () => 'the connection was lost',
  },
  {
    says: /^Connection closed\.?\s*$/m,
    code: 'UNREACHABLE',
    why: () => 'the connection was lost',
  },
  {
    says: /^Received disconnect from \S+ port \d+:\d+: (.*)/m,
    code: 'PEER',
    why: (_, said = '') => `it ended the connection: ${quote(said)}`,
  },
  {
    says: /^command-line: line \d+: (.*)|^command-line line \d+: (.*)|(^OpenSSL version mismatch.*)/m,
    code: 'LOCAL',
    why: (_, ...said) => `ssh of this machine cannot do it: ${quote(said.find(Boolean) ?? '')}`,
  },
];

function describeWay({ via }: SshAttempt): string {
  return via === undefined ? 'the host on the way' : `the host on the way, ${via},`;
}

/** Names what we offered and what the host would have accepted. */
function describeDenial(
  { hasPassword = false, lockedKey }: SshAttempt,
  login = '',
  methods = '',
): string {
  const takesPassword = /\b(?:password|keyboard-interactive)\b/.test(methods);
  const tried = hasPassword && takesPassword ? 'neither a key nor the password' : 'no key of ours';
  const takesKeys = /\bpublickey\b/.test(methods);
  const what = hasPassword && !takesKeys ? 'the password' : tried;
  const denied = what === 'the password' ? 'is not accepted' : 'is accepted';
  const own = `${what} ${denied} for ${login}, which allows ${quote(methods)}`;
  if (takesKeys && lockedKey !== undefined) {
    return `${own}; ${lockedKey} wants a passphrase, and nobody can be asked for it`;
  }
  return takesKeys || hasPassword ? own : `${own}; give it with --password-file`;
}

/** `[web01]:2222` and `2001:db8::1`, as ssh writes it, in the words of the command line. */
function toLogin(host: string): string {
  if (host.includes(':') && !host.startsWith('[')) return `[${host}]`;
  return host.replace(/^\[([^\]:]*)\]:/, '$1:');
}

/** Whether ssh itself has said why it failed. */
export function hasSshFailed(stderr: string): boolean {
  const text = stderr.replaceAll('\r', '');
  return readings.some(({ says }) => says.test(text));
}

/**
 * The fault behind ssh's own failure, which is exit code 255 or an end by a signal. A text that
 * is not known is UNREACHABLE, and quoted.
 */
export function toSshFault({ stderr, signal }: ProgramEnd, attempt: SshAttempt): CourierError {
  const doing = `connecting to ${attempt.at}`;
  if (signal !== null) return new CourierError('LOCAL', `${doing}: ssh was ended by ${signal}`);
  const text = stderr.replaceAll('\r', '');
  for (const { says, code, why } of readings) {
    const found = says.exec(text);
    if (found === null) continue;
    return new CourierError(code, `${doing}: ${why(attempt, ...found.slice(1))}`);
  }
  const said = text.trim().split('\n').at(-1) ?? '';
  const what = said === '' ? 'ssh failed without a word' : quote(said);
  return new CourierError('UNREACHABLE', `${doing}: ${what}`);
}
