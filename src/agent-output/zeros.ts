/** Zero bytes where a file has a hole: what a file system leaves of it after a power cut. */

/** A sector, the least that is lost at once in the middle of a file. */
const sectorBytes = 512;
/** The end is lost from any byte on. A row in UTF-32 ends in three. */
const tailBytes = 8;

export interface Zeros {
  readonly offset: number;
  readonly count: number;
}

/** The first run that is too long for agent output. Looks at one byte of each sector. */
export function findZeros(output: Buffer): Zeros | undefined {
  for (let probe = sectorBytes - 1; probe < output.length; probe += sectorBytes) {
    if (output[probe] !== 0) continue;
    const run = runAround(output, probe);
    if (run.count >= sectorBytes) return run;
    // The run is shorter than a step, so the next probe lies behind it.
  }
  if (output.length === 0 || output[output.length - 1] !== 0) return undefined;
  const tail = runAround(output, output.length - 1);
  return tail.count >= tailBytes ? tail : undefined;
}

function runAround(output: Buffer, offset: number): Zeros {
  let [start, end] = [offset, offset + 1];
  while (start > 0 && output[start - 1] === 0) start -= 1;
  while (output[end] === 0) end += 1;
  return { offset: start, count: end - start };
}
