/** A file named on the command line, or stdin. */

import { constants, createReadStream } from 'node:fs';
import { CourierError } from '../faults/errors.ts';
import { asCourierErrorWhile } from '../faults/system-errors.ts';
import { closeFile, fileStatus, openFile } from '../files/file-calls.ts';
import type { Io } from './io.ts';

/** How it is called to people. */
export function toName(operand: string): string {
  return operand === '-' ? 'stdin' : operand;
}

/**
 * All of a regular file, or of stdin for `-`.
 *
 * @throws CourierError TOO_LARGE past `maxBytes`, LOCAL
 */
export async function readOperand(operand: string, maxBytes: number, io: Io): Promise<Buffer> {
  if (operand === '-') return io.readInput(maxBytes);
  let file: number | undefined;
  try {
    // O_NONBLOCK: a FIFO must not hold us.
    file = await openFile(operand, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readRegularFile(file, maxBytes);
  } catch (error) {
    throw asCourierErrorWhile(error, `reading ${operand}`);
  } finally {
    if (file !== undefined) await closeFile(file);
  }
}

/** At most `maxBytes`, even if the file grows while it is read. */
async function readRegularFile(file: number, maxBytes: number): Promise<Buffer> {
  const stats = await fileStatus(file);
  if (!stats.isFile()) throw new CourierError('LOCAL', 'not a regular file');
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of createReadStream('', { fd: file, autoClose: false, end: maxBytes })) {
    chunks.push(chunk);
    total += chunk.length;
  }
  if (total > maxBytes) {
    throw new CourierError('TOO_LARGE', `more than the allowed ${maxBytes} bytes (--max-size)`);
  }
  return Buffer.concat(chunks, total);
}
