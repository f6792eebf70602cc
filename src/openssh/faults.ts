/**
 * What went wrong, from what ssh says: it has one exit code for all of it, 255.
 *
 * The texts are those of OpenSSH 9 in the C locale: sshconnect.c, sshconnect2.c, packet.c, kex.c,
 * clientloop.c, misc.c. They have hardly changed since version 5.
 */

import { CourierError, type FaultCode, quote } from '../faults/errors.ts';
import type { ProgramEnd } from '../system/run-program.ts';

interface Reading {
  readonly says: RegExp;
  readonly code: FaultCode;
  /** Continues `connecting to HOST: `; gets what `says` has captured. */
  readonly why: (...found: readonly string[]) => string;
}

/** The most telling first: one failure makes ssh write several of them. */
const readings: readonly Reading[] = [
  {
    says: /^Host key for (\S+) has changed and you have requested strict checking\./m,
    code: 'REFUSED',
    why: (host = '') =>
      `its host key has changed; if that is right, cmk-courier ssh-trust --replace ${toLogin(host)}`,
  },
  {
    says: /^No \S+ host key is known for (\S+) and you have requested strict checking\./m,
    code: 'REFUSED',
    why: (host = '') =>
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
    why: (key = '') => `ssh does not use ${key}, which others may read; chmod 600 it`,
  },
  {
    says: /^Load key "(.*)": Permission denied/m,
    code: 'LOCAL',
    why: (key = '') => `we may not read ${key}`,
  },
  {
    says: /^Load key "(.*)": (.*)/m,
    code: 'CONFIG',
    why: (key = '', said = '') => `ssh cannot use ${key}: ${quote(said)}`,
  },
  {
    says: /^(\S+): Permission denied \((.*)\)\./m,
    code: 'REFUSED',
    why: (login = '', methods = '') =>
      `no key of ours is accepted for ${login}, which allows ${quote(methods)}`,
  },
  {
    says: /Too many authentication failures/,
    code: 'REFUSED',
    why: () => 'more keys were offered than it allows; name one with --ssh-key',
  },
  {
    says: /^ssh: Could not resolve hostname (\S+): Temporary failure/m,
    code: 'UNREACHABLE',
    why: (host = '') => `name resolution of ${host} failed for now`,
  },
  {
    says: /^ssh: Could not resolve hostname (\S+): /m,
    code: 'UNREACHABLE',
    why: (host = '') => `no such name in DNS: ${host}`,
  },
  {
    says: /^ssh: connect to host (\S+) port (\d+): Connection timed out/m,
    code: 'TIMEOUT',
    why: (host = '', port = '') => `connection to ${host} port ${port} timed out`,
  },
  {
    says: /^ssh: connect to host (\S+) port (\d+): (.*)/m,
    code: 'UNREACHABLE',
    why: (host = '', port = '', said = '') => `${host} port ${port}: ${said.trim().toLowerCase()}`,
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
    says: /^Unable to negotiate with .*: (no matching .*? found)\./m,
    code: 'PEER',
    why: (said = '') => `${said} that both sides allow`,
  },
  {
    says: /^Protocol major versions differ|^banner exchange: .*: invalid format|banner line contains invalid|^Bad packet length/m,
    code: 'PEER',
    why: () => 'it does not speak ssh 2 there',
  },
  {
    says: /^stdio forwarding failed/m,
    code: 'UNREACHABLE',
    why: () => 'the host on the way cannot connect to it',
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
    why: (said = '') => `it ended the connection: ${quote(said)}`,
  },
  {
    says: /^command-line: line \d+: (.*)|^command-line line \d+: (.*)|(^OpenSSL version mismatch.*)/m,
    code: 'LOCAL',
    why: (...said) => `ssh of this machine cannot do it: ${quote(said.find(Boolean) ?? '')}`,
  },
];

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
 *
 * @param at where it was to go: `web01:22`
 */
export function toSshFault({ stderr, signal }: ProgramEnd, at: string): CourierError {
  const doing = `connecting to ${at}`;
  if (signal !== null) return new CourierError('LOCAL', `${doing}: ssh was ended by ${signal}`);
  const text = stderr.replaceAll('\r', '');
  for (const { says, code, why } of readings) {
    const found = says.exec(text);
    if (found !== null) return new CourierError(code, `${doing}: ${why(...found.slice(1))}`);
  }
  const said = text.trim().split('\n').at(-1) ?? '';
  const what = said === '' ? 'ssh failed without a word' : quote(said);
  return new CourierError('UNREACHABLE', `${doing}: ${what}`);
}
