/** Files of accounts in which root has a password and a home that only a test knows. */

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Accounts {
  readonly home: string;
  /** What has to be where, for `behindMounts`. */
  readonly places: Readonly<Record<string, string>>;
}

/**
 * Makes them below a directory; root's shell is `sh`.
 *
 * @param pam what PAM does for sshd
 */
export async function makeAccounts(
  directory: string,
  password: string,
  pam?: string,
): Promise<Accounts> {
  const home = join(directory, 'home');
  const [passwd, shadow] = [join(directory, 'passwd'), join(directory, 'shadow')];
  await mkdir(home, { mode: 0o700 });
  const { stdout } = await run('openssl', ['passwd', '-6', password]);
  const accounts = await readFile('/etc/passwd', 'utf8');
  await writeFile(passwd, accounts.replace(/^root:.*$/m, `root:x:0:0:root:${home}:/bin/sh`));
  const hashes = await readFile('/etc/shadow', 'utf8');
  const root = () => `root:${stdout.trim()}:20000:0:99999:7:::`;
  await writeFile(shadow, hashes.replace(/^root:.*$/m, root), { mode: 0o600 });
  const places = { '/etc/passwd': passwd, '/etc/shadow': shadow };
  if (pam === undefined) return { home, places };
  await writeFile(join(directory, 'pam'), pam);
  return { home, places: { ...places, '/etc/pam.d/sshd': join(directory, 'pam') } };
}
