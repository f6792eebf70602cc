/** src → dist/cmk-courier.cjs (for people with a Node) and dist/cmk-courier (needs none). */

import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { version } from '../src/version.ts';
import { bundle } from './bundle.ts';
import { buildExecutable } from './executable/executable.ts';

const executable = 'dist/cmk-courier';

mkdirSync('dist', { recursive: true });
// A running one cannot be written to, but it can be replaced.
rmSync(executable, { force: true });
const bundled = await bundle();
writeFileSync(`${executable}.cjs`, `#!/usr/bin/env node\n${bundled}`);
await buildExecutable(bundled, executable);
for (const path of [executable, `${executable}.cjs`]) chmodSync(path, 0o755);
process.stderr.write(`built ${executable} ${version}\n`);
