/**
 * src → dist/cmk-courier.cjs (for people with a Node) and dist/cmk-courier (needs none). With
 * --packages also what a Checkmk site installs, which takes ten seconds to compress.
 */

import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { version } from '../src/version.ts';
import { bundleProgram } from './bundle.ts';
import { buildExecutable } from './executable/executable.ts';

const executable = 'dist/cmk-courier';

mkdirSync('dist', { recursive: true });
// A running one cannot be written to, but it can be replaced.
rmSync(executable, { force: true });
writeFileSync(`${executable}.cjs`, `#!/usr/bin/env node\n${await bundleProgram([])}`);
await buildExecutable(executable);
for (const path of [executable, `${executable}.cjs`]) chmodSync(path, 0o755);
process.stderr.write(`built ${executable} ${version}\n`);
if (process.argv.includes('--packages')) {
  const { buildPackages } = await import('./packages/build-packages.ts');
  for (const { path, bytes } of await buildPackages('dist')) {
    process.stderr.write(`built ${path}, ${(bytes / 1e6).toFixed(2)} MB\n`);
  }
}
