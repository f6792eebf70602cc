/** What the programs of the project find: Node 26, the compiler and the linter of node_modules first. */

import { delimiter, resolve } from 'node:path';

/** The environment with `node_modules/.bin` ahead of what the machine has, as `npm run` has it. */
export function projectEnvironment(): NodeJS.ProcessEnv {
  const path = [resolve('node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return { ...process.env, PATH: path };
}
