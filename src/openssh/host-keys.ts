/** Asks hosts for their keys, without logging in. */

import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { readWholeFile } from '../files/file-calls.ts';
import { withPrivateDirectory } from '../system/private-directory.ts';
import type { ProgramEnd } from '../system/program/call.ts';
import { runProgram } from '../system/program/run-program.ts';
import { toSshFault } from './faults.ts';
import type { HostKey } from './known-hosts.ts';
import { describeLogin, type SshLogin } from './login.ts';
import type { OpenSsh } from './openssh.ts';
import { quoteValue } from './values.ts';

const debianPackage = 'openssh-client';
const maxOutputBytes = 1024 * 1024;

interface ScanContext {
  readonly env: OpenSsh['env'];
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Every key a host has, by ssh-keyscan; none when they have no algorithm in common, of which it
 * does not speak, or when nobody listens there, which it keeps to itself as well.
 *
 * @throws CourierError UNREACHABLE
 */
export async function scanHostKeys(
  login: SshLogin,
  { env, timeoutMs, clock }: ScanContext,
  signal: AbortSignal,
): Promise<readonly HostKey[]> {
  const { host, port = 22 } = login;
  const seconds = String(Math.ceil(timeoutMs / 1000));
  const args = ['-T', seconds, '-p', String(port), '-t', 'ed25519,ecdsa,rsa', '--', host];
  const call = { program: 'ssh-keyscan', debianPackage, args, env, maxOutputBytes };
  const startMs = clock.monotonic();
  const end = await runProgram(call, signal);
  const keys = toHostKeys(end.stdout.toString());
  const isSudden = end.stderr.trim() === '' && clock.monotonic() - startMs < timeoutMs / 2;
  if (keys.length === 0 && isSudden) return keys;
  const fault = keys.length === 0 ? toScanFault(end, describeLogin(login)) : undefined;
  if (fault !== undefined) throw fault;
  return keys;
}

/**
 * The key a host shows where ssh-keyscan cannot ask for it, since it knows no way through others
 * and none of our algorithms: ssh itself is sent, with nothing to log in with, and with an empty file to record the key in.
 *
 * @throws CourierError
 */
export async function fetchHostKey(
  login: SshLogin,
  { openssh, env }: { readonly openssh: OpenSsh; readonly env: OpenSsh['env'] },
  signal: AbortSignal,
): Promise<readonly HostKey[]> {
  return withPrivateDirectory(env, async (directory) => {
    const file = join(directory, 'known_hosts');
    const settings = [
      `UserKnownHostsFile=${quoteValue(file)}`,
      'StrictHostKeyChecking=accept-new',
      'PreferredAuthentications=none',
    ];
    const own = settings.flatMap((setting) => ['-o', setting]);
    const args = [...own, ...openssh.toArguments(login), '--', login.host, 'true'];
    const call = { program: 'ssh', debianPackage, args, env: openssh.env, maxOutputBytes };
    const end = await runProgram(call, signal);
    const keys = toHostKeys(await readWholeFile(file, 'utf8').catch(() => ''));
    if (keys.length === 0) throw toSshFault(end, openssh.toAttempt(login));
    return keys;
  });
}

/** Lines of `name type key`; what else is there is none of a key. */
function toHostKeys(text: string): readonly HostKey[] {
  const lines = text.matchAll(/^[^\s#]\S* ([a-z\d@.-]+) ([A-Za-z\d+/]+=*)\s*$/gm);
  const keys = [...lines].map(([, type = '', key = '']) => ({ type, key }));
  return keys.sort((one, other) => one.type.localeCompare(other.type));
}

/**
 * ssh-keyscan says the same once for each type of key, in words of its own; undefined where it
 * got an answer, and keeps to itself why that was not enough.
 */
function toScanFault({ stderr }: ProgramEnd, at: string): CourierError | undefined {
  const lines = stderr.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
  const said = lines.at(-1);
  if (said === undefined && /^# .* SSH-2/m.test(stderr)) return undefined;
  const isNameless = lines.some((line) => line.startsWith('getaddrinfo '));
  const why = isNameless ? 'no such name in DNS' : said === undefined ? 'no answer' : quote(said);
  return new CourierError('UNREACHABLE', `asking ${at} for its host keys: ${why}`);
}
