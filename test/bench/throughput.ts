/** How fast and how large the parser and a whole fetch of 50 MB are. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';
import { checkForm } from '../../src/agent-output/rules.ts';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { median } from './interleave.ts';

const linux = new URL('../fixtures/agent-output/linux-2.0/input.txt', import.meta.url);
const outputBytes = 50 * 1000 * 1000;

/** A real output without the junk line at its start, over and over. */
function largeOutput(): Buffer {
  const real = readFileSync(linux);
  const sections = real.subarray(real.indexOf('<<<'));
  return Buffer.alloc(outputBytes - (outputBytes % sections.length), sections);
}

function megabytesPerSecond(work: (output: Buffer) => unknown, output: Buffer): string {
  const rates = Array.from({ length: 7 }, () => {
    const start = performance.now();
    work(output);
    return output.length / 1000 / (performance.now() - start);
  });
  return median(rates).toFixed(0);
}

/** Peak resident memory of a whole program, in bytes. */
function peakMemory(program: string, args: readonly string[]): number {
  const script = '/usr/bin/time -f %M -o "$0" "$@" > /dev/null';
  return withReport((report) => {
    execFileSync('/bin/sh', ['-c', script, report, program, ...args]);
    return Number(readFileSync(report, 'utf8')) * 1024;
  });
}

function withReport<Result>(use: (path: string) => Result): Result {
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  try {
    return use(join(folder, 'report'));
  } finally {
    execFileSync('rm', ['-r', folder]);
  }
}

/** Lines of figures. */
export function benchThroughput(): Promise<string> {
  return withTempDir(async (folder) => {
    const output = largeOutput();
    const drop = join(folder, 'web01');
    writeFileSync(drop, output);
    const bare = peakMemory(process.execPath, ['-e', '0']);
    const fetching = peakMemory(courier, ['fetch', '--host=web01', drop]);
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    return [
      `output of ${megabytes(output.length)}`,
      `parser                 ${megabytesPerSecond((bytes) => parseAgentOutput(bytes), output)} MB/s`,
      `all rules of the form  ${megabytesPerSecond((bytes) => checkForm(bytes, { lenient: false }), output)} MB/s`,
      `peak memory of a fetch ${megabytes(fetching)}, ${(fetching / output.length).toFixed(2)} times the output (bare Node: ${megabytes(bare)})`,
    ].join('\n');
  });
}
