/** All enrolments, secrets and keys of the site in one file. */

import { basename, dirname } from 'node:path';
import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { writeWholeFile } from '../../files/file-calls.ts';
import type { SealPlaces } from '../../sealing/places.ts';
import { describeEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';

const largestBackup = 1024 * 1024 * 1024;

/**
 * Writes a tar archive, compressed, that only its owner can read.
 *
 * @returns how many bytes it has
 * @throws CourierError LOCAL, also when there is such a file already
 */
export async function backUp(
  { directory }: SealPlaces,
  path: string,
  { env, shutdown }: CommandContext,
): Promise<number> {
  const args = ['-C', dirname(directory), '--exclude=.lock', '-czf', '-', basename(directory)];
  const call = { program: 'tar', args, env, maxOutputBytes: largestBackup, debianPackage: 'tar' };
  const end = await runProgram(call, shutdown);
  if (end.code !== 0) throw new CourierError('LOCAL', `packing ${directory}: ${describeEnd(end)}`);
  await writeWholeFile(path, end.stdout, { mode: 0o600, flag: 'wx', flush: true }).catch(
    (error: unknown) => {
      throw asCourierError(error, `writing ${path}`);
    },
  );
  return end.stdout.length;
}
