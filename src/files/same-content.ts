/** Whether two files are the same, byte for byte. */

import { closeFile, fileStatus, openFile, readFromFile } from './file-calls.ts';
import { readOnly } from './read-start.ts';

const pieceBytes = 1024 ** 2;

/**
 * Reads no further than to the first difference, and nothing where the sizes differ or both are one file.
 *
 * @throws the error of the system for a file that cannot be read
 */
export async function hasSameContent(one: string, other: string): Promise<boolean> {
  const first = await openFile(one, readOnly);
  try {
    const second = await openFile(other, readOnly);
    try {
      return await compare(first, second);
    } finally {
      await closeFile(second);
    }
  } finally {
    await closeFile(first);
  }
}

async function compare(first: number, second: number): Promise<boolean> {
  const [a, b] = await Promise.all([fileStatus(first), fileStatus(second)]);
  if (a.dev === b.dev && a.ino === b.ino) return true;
  if (a.size !== b.size) return false;
  const pieces = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)] as const;
  for (let at = 0; at < a.size; at += pieceBytes) {
    const length = Math.min(pieceBytes, a.size - at);
    const [mine, theirs] = await Promise.all([
      readFromFile(first, pieces[0], 0, length, at),
      readFromFile(second, pieces[1], 0, length, at),
    ]);
    if (mine.bytesRead !== length || theirs.bytesRead !== length) return false;
    if (pieces[0].compare(pieces[1], 0, length, 0, length) !== 0) return false;
  }
  return true;
}
