/** Processor time and memory of processes (proc_pid_stat(5), proc_pid_status(5)). */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { nullDevice } from './null-device.ts';

/** `sysconf(_SC_CLK_TCK)`, the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** The fields behind the name of the program, which may have blanks in it; the first is field 3. */
function readStat(pid: number | 'self'): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function toSeconds(fields: readonly string[], first: number): number {
  return (Number(fields[first - 3]) + Number(fields[first - 2])) / ticksPerSecond;
}

/** What a process has used so far, in user and kernel, all its threads together. */
export function processorSeconds(pid: number): number {
  return toSeconds(readStat(pid), 14);
}

/** What a command uses, with all its children, in seconds. */
export function processorSecondsOf(program: string, args: readonly string[]): number {
  const before = toSeconds(readStat('self'), 16);
  const { status, stderr } = spawnSync(program, args, { stdio: ['ignore', nullDevice, 'pipe'] });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return toSeconds(readStat('self'), 16) - before;
}

/** Resident memory at its highest, in megabytes. */
export function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1000;
}
