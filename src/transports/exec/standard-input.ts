/** What a program reads on its standard input, such as a secret that must not be an argument. */

import type { OptionValues } from '../../cli/options.ts';
import { registerSecret } from '../../faults/redaction.ts';
import { isSecretGiven, readSecret, secretOptions } from '../../secrets/secret-options.ts';
import { readPrivateFile, type SecretContext } from '../../secrets/secrets.ts';

export const inputOptions = secretOptions(
  'stdin',
  'what the program is to read on its standard input, such as a secret',
);

const largestBytes = 1024 * 1024;

/** Shorter lines may be ordinary words of a message, so they are not hidden. */
const shortestLine = 8;

/**
 * The whole standard input: the bytes of the file as they are, or the password and a line feed;
 * undefined when the program is to read nothing.
 *
 * @throws CourierError USAGE when both options are given; CONFIG or LOCAL about the file or the
 * password store
 */
export async function readInput(
  options: OptionValues<typeof inputOptions>,
  context: SecretContext,
): Promise<Buffer | undefined> {
  if (!isSecretGiven(options, 'stdin')) return undefined;
  const { stdinFile } = options;
  if (stdinFile === undefined) {
    const secret = await readSecret(options, 'stdin', context);
    return Buffer.from(`${secret?.reveal() ?? ''}\n`);
  }
  const doing = `reading --stdin-file ${stdinFile}`;
  const bytes = await readPrivateFile(stdinFile, { doing, log: context.log, largestBytes });
  // A program may quote a line of its input in an error message; that must not reveal the secret.
  for (const line of bytes.toString().split(/\r?\n/)) {
    if (line.trim().length >= shortestLine) registerSecret(line.trim());
  }
  return bytes;
}
