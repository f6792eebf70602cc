/** How this program starts itself again: an executable, a bundle, or from source. */

import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program and what stands ahead of the arguments of its command. */
export interface OwnProgram {
  readonly program: string;
  readonly args: readonly string[];
}

export async function findOwnProgram(): Promise<OwnProgram> {
  const { isSea } = await import('node:sea');
  if (isSea()) return { program: process.execPath, args: [] };
  const here = fileURLToPath(import.meta.url);
  const script = basename(here) === 'own-program.ts' ? join(dirname(here), '../bin.ts') : here;
  return { program: process.execPath, args: [script] };
}
