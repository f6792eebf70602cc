/** Hands a password to ssh, which takes none but from a program it asks (ssh(1), SSH_ASKPASS). */

import { writeFile } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Secret } from '../secrets/secrets.ts';
import { withPrivateDirectory } from '../system/private-directory.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** ssh reads no more of an answer (readpass.c). */
const longestPassword = 1023;

/**
 * Answers one question, and that only when it is the host's: not for the passphrase of a key, nor
 * whether to go on. A wrong password so counts once with each fetch, not once with each method,
 * before an account is locked. The question is the argument.
 */
const program = `#!/bin/sh
case \${SSH_ASKPASS_PROMPT-}$1 in
confirm* | none* | 'Enter passphrase for '* | 'Enter PIN for '*) exit 1 ;;
esac
umask 077
mv "\${0%/*}/password" "\${0%/*}/given" 2>/dev/null && cat "\${0%/*}/given" && rm -f "\${0%/*}/given"
`;

/**
 * Refuses a password that ssh would cut off.
 *
 * @throws CourierError CONFIG
 */
export function checkPassword(password: Secret): void {
  const text = password.reveal();
  if (/[\r\n\0]/.test(text) || Buffer.byteLength(text) > longestPassword) {
    const why = `must be one line of at most ${longestPassword} bytes`;
    throw new CourierError('CONFIG', `the password for ssh ${why}`);
  }
}

/**
 * Lends an environment in which ssh finds the password: in a file that only we may read, in a
 * directory that is gone when `use` has ended.
 *
 * @param env where the directory is to be
 * @param sshEnv what ssh gets otherwise
 * @throws CourierError LOCAL; whatever `use` throws
 */
export async function withAskpass<Result>(
  password: Secret,
  { env, sshEnv }: { readonly env: Environment; readonly sshEnv: Environment },
  use: (env: Environment) => Promise<Result>,
): Promise<Result> {
  return withPrivateDirectory(env, async (directory) => {
    const askpass = join(directory, 'askpass');
    await writePrivate(join(directory, 'password'), `${password.reveal()}\n`, 0o600);
    await writePrivate(askpass, program, 0o700);
    return use({
      ...sshEnv,
      SSH_ASKPASS: askpass,
      SSH_ASKPASS_REQUIRE: 'force',
      // Before OpenSSH 8.4 it is this that has the program asked, where there is no terminal.
      DISPLAY: ':',
    });
  });
}

async function writePrivate(path: string, text: string, mode: number): Promise<void> {
  await promisify(writeFile)(path, text, { mode, flag: 'wx' }).catch((error: unknown) => {
    throw asCourierError(error, `writing ${path}`);
  });
}
