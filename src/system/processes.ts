/** Whether the process that left a file behind still exists. */

import { errorCode } from '../faults/system-errors.ts';
import { readLink } from '../files/file-calls.ts';

/**
 * Containers may share a directory but not their processes: the same number means different
 * processes.
 */
export async function processSpace(): Promise<string> {
  const link = await readLink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(link)?.[0] ?? '0';
}

/** Whether there is a process of that number, in our own space. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}
