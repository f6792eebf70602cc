/** Much of the same, so much of it at once. */

/** At once. */
export const lanes = 64;

export interface Run {
  readonly perSecond: number;
  readonly tookMs: readonly number[];
}

/** Does `work` for each number below `count`. */
export async function runLanes(
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<Run> {
  const tookMs: number[] = [];
  let next = 0;
  const run = async () => {
    for (let index = next++; index < count; index = next++) {
      const startedAt = performance.now();
      await work(index);
      tookMs.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: lanes }, run));
  return { perSecond: (count / (performance.now() - startedAt)) * 1000, tookMs };
}

/** `1234/s, p50 1.2 ms, p99 3.4 ms` */
export function showRun({ perSecond, tookMs }: Run): string {
  return `${Math.round(perSecond)}/s, ${showTimes(tookMs)}`;
}

/** `p50 1.2 ms, p99 3.4 ms` */
export function showTimes(tookMs: readonly number[]): string {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (part: number) => `${(sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}`;
}
