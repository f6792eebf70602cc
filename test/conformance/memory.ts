/** How much memory a piece of work takes. */

import { memoryUsage } from 'node:process';

/** By how many bytes all buffers of this process grew at most while `use` ran. */
export async function peakBufferGrowth(use: () => Promise<unknown>): Promise<number> {
  const before = memoryUsage().arrayBuffers;
  let peak = before;
  const sample = () => {
    peak = Math.max(peak, memoryUsage().arrayBuffers);
  };
  const timer = setInterval(sample, 1);
  try {
    await use();
    sample();
  } finally {
    clearInterval(timer);
  }
  return peak - before;
}
