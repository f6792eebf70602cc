/** Times whole commands, taking turns, so that a busy moment of the machine hits all of them. */

import { spawnSync } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { nullDevice } from './null-device.ts';

export interface Contestant {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** 0 unless told otherwise; with another one nothing need be wrong. */
  readonly exitCode?: number;
}

export interface Timing {
  readonly name: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Median of (this ÷ first contestant), each within one turn. */
  readonly ratio: number;
  /** Median of (this − first contestant), each within one turn. */
  readonly addedMs: number;
}

/** One run, wall clock, in milliseconds. */
function timeOnce({ name, command, env, exitCode = 0 }: Contestant): number {
  const [program, ...args] = command;
  const start = performance.now();
  const { status, stderr } = spawnSync(program, args, {
    stdio: ['ignore', nullDevice, 'pipe'],
    ...(env ? { env: { ...process.env, ...env } } : {}),
  });
  const elapsed = performance.now() - start;
  if (status !== exitCode) throw new Error(`${name} failed: ${stderr}`);
  return elapsed;
}

/** Runs all contestants `turns` times in turn; the first is what the others are compared to. */
export async function interleave(
  contestants: readonly Contestant[],
  turns: number,
): Promise<readonly Timing[]> {
  for (const contestant of contestants) timeOnce(contestant);
  const times = contestants.map((): number[] => []);
  for (let turn = 0; turn < turns; turn += 1) {
    // A peer whose log nobody reads would stand still.
    await setImmediate();
    for (const [index, contestant] of contestants.entries()) {
      times[index]?.push(timeOnce(contestant));
    }
  }
  const [first = []] = times;
  return contestants.map(({ name }, index) => {
    const own = times[index] ?? [];
    return {
      name,
      medianMs: median(own),
      minMs: Math.min(...own),
      maxMs: Math.max(...own),
      ratio: median(own.map((time, turn) => time / (first[turn] ?? Number.NaN))),
      addedMs: median(own.map((time, turn) => time - (first[turn] ?? Number.NaN))),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Timings as a table. */
export function showTimings(title: string, timings: readonly Timing[]): string {
  const columns = ['median', 'min', 'max', 'ratio', 'added'];
  const rows = timings.map(({ name, medianMs, minMs, maxMs, ratio, addedMs }) =>
    toRow(name, [
      ...[medianMs, minMs, maxMs].map((ms) => ms.toFixed(1)),
      ratio.toFixed(2),
      addedMs.toFixed(1),
    ]),
  );
  return [toRow(title, columns), ...rows].join('\n');
}

/** A name and its figures as a row of a table. */
export function toRow(name: string, cells: readonly string[]): string {
  return name.padEnd(42) + cells.map((cell) => cell.padStart(9)).join('');
}
