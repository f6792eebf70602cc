/** Hands a password to ssh, which takes none but from a program it asks (ssh(1), SSH_ASKPASS). */

import { constants } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { requireAccess, writeWholeFile } from '../files/file-calls.ts';
import type { Secret } from '../secrets/secrets.ts';
import { withPrivateDirectory } from '../system/private-directory.ts';

/** ssh reads no more of an answer (readpass.c). */
const longestPassword = 1023;

/**
 * The program for SSH_ASKPASS, whose argument is the question. It answers only once, and only the
 * question for the host's password: neither that for the passphrase of a key nor that whether to go
 * on. So a wrong password counts once a fetch, not once a method, towards the lock of an account.
 */
const program = `#!/bin/sh
case \${SSH_ASKPASS_PROMPT-}$1 in
confirm* | none* | 'Enter passphrase for '* | 'Enter PIN for '*) exit 1 ;;
esac
umask 077
cd "$CMK_COURIER_PASSWORD_DIRECTORY" || exit 1
mv password given 2>/dev/null && cat given && rm -f given
`;

/** Where a program may run that must not in the usual place: `tmp` of a site is mounted `noexec`. */
const otherParents = ['/tmp', '/var/tmp'];

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
    await writePrivate(join(directory, 'password'), `${password.reveal()}\n`, 0o600);
    return withProgram(directory, [...otherParents, env['HOME']], (askpass) =>
      use({
        ...sshEnv,
        SSH_ASKPASS: askpass,
        SSH_ASKPASS_REQUIRE: 'force',
        CMK_COURIER_PASSWORD_DIRECTORY: directory,
        // Before OpenSSH 8.4 it is this that has the program asked, where there is no terminal.
        DISPLAY: ':',
      }),
    );
  });
}

/**
 * Lends the program in a directory, or in a private one below the first of others where it can run;
 * the password stays where it is.
 */
async function withProgram<Result>(
  directory: string,
  others: readonly (string | undefined)[],
  use: (askpass: string) => Promise<Result>,
): Promise<Result> {
  const askpass = join(directory, 'askpass');
  await writePrivate(askpass, program, 0o700);
  if (await canRun(askpass)) return use(askpass);
  const [parent, ...rest] = others.filter((one) => one !== undefined);
  if (parent === undefined) {
    const why = 'no program may run there, nor in /tmp, /var/tmp and HOME (noexec)';
    throw new CourierError('LOCAL', `handing ssh the password in ${directory}: ${why}`);
  }
  return withPrivateDirectory({ TMPDIR: parent }, (other) => withProgram(other, rest, use));
}

/** As root is asked as well (access(2)): not where `noexec` is set. */
async function canRun(path: string): Promise<boolean> {
  return requireAccess(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function writePrivate(path: string, text: string, mode: number): Promise<void> {
  await writeWholeFile(path, text, { mode, flag: 'wx' }).catch((error: unknown) => {
    throw asCourierError(error, `writing ${path}`);
  });
}
