/** The tiny programs in test/fixtures/programs, each of which does one thing. */

import { fileURLToPath } from 'node:url';

const directory = new URL('../fixtures/programs/', import.meta.url);

/** The absolute path of one of them. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(name, directory));
}
