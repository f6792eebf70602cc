/** Decompression by programs of the system, for what Node cannot undo: bounded in size and time. */

import type { Environment } from '../cli/environment.ts';
import { CourierError, cleanText } from '../faults/errors.ts';
import { neverAborts } from '../system/never-aborts.ts';
import type { ProgramEnd } from '../system/program/call.ts';
import { runProgram } from '../system/program/run-program.ts';
import type { ToolCompression } from './compression.ts';
import { recogniseCompression } from './first-bytes.ts';
import { symmetricScheme } from './symmetric.ts';

interface Tool {
  readonly program: string;
  readonly args: readonly string[];
  readonly debianPackage: string;
}

/** Files made with `xz -9e` need 65 MiB; the format allows 4 GiB. */
const mostXzMemory = '256MiB';

const tools: Readonly<Record<ToolCompression, Tool>> = {
  xz: {
    program: 'xz',
    args: ['-dc', '--format=xz', '--threads=1', `--memlimit-decompress=${mostXzMemory}`],
    debianPackage: 'xz-utils',
  },
  bzip2: { program: 'bzip2', args: ['-dc'], debianPackage: 'bzip2' },
  // gzip undoes it as well, and is everywhere; ncompress is not.
  compress: { program: 'gzip', args: ['-dc'], debianPackage: 'gzip' },
};

/** What a program of the system needs beside its input. */
export interface ToolLimit {
  readonly maxOutputBytes: number;
  /** Ends the program. */
  readonly signal?: AbortSignal;
  /** Its PATH finds the programs; left out, the system's usual directories do. */
  readonly env?: Environment;
}

const systemPath = '/usr/bin:/bin';

/**
 * Decompresses all of `bytes`.
 *
 * Data of compress has neither a sum nor an end mark, and half of it unpacks to half a text without
 * a complaint. Such a half nearly always ends within a line, so text that ends within a line is
 * refused.
 *
 * @throws CourierError TOO_LARGE; MALFORMED when damaged, cut short or followed by something else;
 * LOCAL when the program is not installed, with the package that has it; the signal's reason
 */
export async function decompressByTool(
  bytes: Buffer,
  compression: ToolCompression,
  { maxOutputBytes, signal = neverAborts, env }: ToolLimit,
): Promise<Buffer> {
  const path = env?.['PATH'] ?? systemPath;
  const call = { ...tools[compression], env: { PATH: path }, maxOutputBytes, input: bytes };
  const end = await runProgram(call, signal).catch((error: unknown) => {
    throw signal.aborted ? error : toCallFault(error, compression, maxOutputBytes);
  });
  const fault = findFault(end, compression);
  if (fault !== undefined) throw fault;
  if (compression === 'compress' && endsWithinLine(end.stdout)) {
    throw damaged(compression, 'what comes out ends within a line');
  }
  return end.stdout;
}

/** Packed or encrypted content has no lines, and shows by itself whether it is whole. */
function endsWithinLine(text: Buffer): boolean {
  const isText = recogniseCompression(text) === undefined && symmetricScheme(text) === undefined;
  return isText && text.at(-1) !== 0x0a;
}

function toCallFault(error: unknown, compression: ToolCompression, maxBytes: number): unknown {
  if (!(error instanceof CourierError)) return error;
  if (error.code === 'TOO_LARGE') {
    const message = `${compression} data would unpack to more than the allowed ${maxBytes} bytes`;
    return new CourierError('TOO_LARGE', message, { cause: error });
  }
  const message = `unpacking ${compression} data: ${error.message}`;
  return new CourierError(error.code, message, { cause: error });
}

/** What the three programs say, in our words: xz 5.4, bzip2 1.0.8 and gzip 1.12, in the C locale. */
const complaints: readonly (readonly [says: RegExp, how: string])[] = [
  [/unexpected end of (?:input|file)|ends unexpectedly/i, 'they end too early'],
  [/trailing garbage/i, 'something else follows their end'],
];

/**
 * bzip2 warns of what follows the end, and goes on; with good data none of them prints anything.
 */
function findFault(
  { code, signal, stderr }: ProgramEnd,
  compression: ToolCompression,
): CourierError | undefined {
  const said = stderr.trim();
  if (code === 0 && said === '') return undefined;
  if (/memory usage limit/i.test(said)) {
    const why = `${compression} data need more than ${mostXzMemory} of memory to unpack`;
    return new CourierError('TOO_LARGE', why);
  }
  if (signal !== null) {
    return new CourierError('LOCAL', `unpacking ${compression} data: ended by ${signal}`);
  }
  const known = complaints.find(([says]) => says.test(said))?.[1];
  const first = said.replace(/^\w+: (?:\(?stdin\)?: )?/, '').split('\n', 1)[0] ?? '';
  return damaged(compression, known ?? (cleanText(first, 80) || `exit code ${code}`));
}

function damaged(compression: ToolCompression, how: string): CourierError {
  return new CourierError('MALFORMED', `damaged ${compression} data: ${how}`);
}
