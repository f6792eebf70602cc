/** Bundles → an executable that needs no Node, by Node's own builder. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { makeAuthority, makeServerPair } from '../../src/certs/make.ts';
import { bundleLibrary, bundleProgram, separateLibraries } from '../bundle.ts';

const run = promisify(execFile);
const ownFolder = import.meta.dirname;

/** Writes the executable to `output`. */
export async function buildExecutable(output: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cmk-courier-build-'));
  try {
    const assets = await writeAssets(folder);
    copyFileSync(join(ownFolder, 'launcher.cjs'), join(folder, 'launcher.cjs'));
    const executable = await stripNode(join(folder, 'node'));
    const built = join(folder, 'built');
    const configuration = { ...toConfiguration(assets, built), executable };
    writeFileSync(join(folder, 'sea.json'), JSON.stringify(configuration));
    await run(process.execPath, [sameEachTime, '--build-sea', 'sea.json'], { cwd: folder });
    // Node writes it at once, and the kernel then keeps it in such large pieces that each process
    // has 40 MB more of it in memory, and starts 6 ms later, than of a copy as `install` makes it.
    await pipeline(createReadStream(built), createWriteStream(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Node without its symbols is a fifth smaller and starts sooner. Only Node itself can be stripped:
 * of an executable that was built, `strip` would take the program away.
 *
 * @returns the path of a stripped copy; where there is no `strip`, of Node as it is
 */
async function stripNode(copy: string): Promise<string> {
  try {
    await run('strip', ['-o', copy, process.execPath]);
    return copy;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) throw error;
    process.stderr.write('strip (Debian: binutils) is missing: the executable is 33 MB larger\n');
    return process.execPath;
  }
}

/**
 * A receiver under load would let its young objects grow to over 100 MB; those of a fetch fit in
 * from the beginning, so that it ends before any are collected. The code cache is only good under
 * the flags it was made with.
 *
 * Node makes its own store of authorities even where, as everywhere here, others are named: with
 * all that come with it that is 4 ms, with those OpenSSL looks for by itself nothing as a rule.
 */
const nodeFlags = ['--min-semi-space-size=4', '--max-semi-space-size=4', '--use-openssl-ca'];

/** Without chance in V8, code caches come out alike byte for byte; they stay good under any seed. */
const sameEachTime = '--random-seed=1';

/** NODE_OPTIONS in a site's environment stay without effect. */
function toConfiguration(assets: Readonly<Record<string, string>>, output: string): object {
  return {
    main: 'launcher.cjs',
    output,
    assets,
    useCodeCache: true,
    execArgv: nodeFlags,
    disableExperimentalSEAWarning: true,
    execArgvExtension: 'none',
  };
}

/** The program, and what of it runs for each host and minute, half of it: launcher.cjs chooses. */
const programs = ['cmk-courier', 'cmk-courier-often'] as const;

/** Commands that run for each host and minute; launcher.cjs has them as well. */
export const oftenCommands = ['fetch', 'hostcheck', 'agent'] as const;

/** Programs and libraries by their names, with the code caches of those a fetch uses. */
async function writeAssets(folder: string): Promise<Readonly<Record<string, string>>> {
  const libraries = separateLibraries();
  const toFile = (name: string) => name.replace('/', '-');
  const write = (name: string, bundled: string) => {
    const parameters = 'require,module,__filename,exports';
    const text = `(function(${parameters}){${bundled}\n})`;
    writeFileSync(join(folder, toFile(name)), text, 'latin1');
  };
  write('cmk-courier', await bundleProgram(libraries));
  write('cmk-courier-often', await bundleProgram(libraries, oftenCommands));
  for (const name of libraries) write(name, await bundleLibrary(name));
  await warmUp(folder);
  const assets = [...programs, ...libraries].flatMap((name) => [name, `${name}.code-cache`]);
  const written = assets.filter((name) => existsSync(join(folder, toFile(name))));
  return Object.fromEntries(written.map((name) => [name, toFile(name)]));
}

/** As people write them. */
function toRoutes(ca: string, sources: readonly string[]): string {
  const lines = sources.map((source) => `      - uri: ${source}\n`);
  const secured = lines.map((line) => (/https:/.test(line) ? `${line}        ca: ${ca}\n` : line));
  return `# all hosts
defaults:
  maxAge: 5m
  piggyback: drop
routes:
  - hosts: ['/warm-.*/', 'warm-*']
    sources:
${secured.join('')}`;
}

/** A run in so many is a few bits different: functions are as old as memory was collected often. */
const runsAlike = 3;
const mostRuns = 15;

/** Runs until the same code caches have come several times: any build then has the same. */
async function warmUp(folder: string): Promise<void> {
  const seen = new Map<string, number>();
  for (let runs = 1; runs <= mostRuns; runs += 1) {
    for (const program of programs) await rehearse(folder, program);
    const digest = digestOf(globSync('*.code-cache', { cwd: folder }).sort(), folder);
    const times = (seen.get(digest) ?? 0) + 1;
    if (times === runsAlike) return;
    seen.set(digest, times);
  }
  process.stderr.write('code caches come out differently each time on this machine\n');
}

function digestOf(files: readonly string[], folder: string): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(folder, file)));
  return hash.digest('hex');
}

/** The folder under a name that is everywhere of the same length, which counts as well. */
const here = '/proc/self/cwd';

/** One run that goes the whole way twice: web servers that answer with a page, then a drop. */
async function rehearse(folder: string, program: string): Promise<void> {
  writeFileSync(join(folder, 'drop'), '<<<check_mk>>>\nVersion: 1\n<<<df:sep(0)>>>\n');
  const answer: RequestListener = (_, response) => response.end('<html></html>');
  const servers = [
    createServer(answer),
    createSecureServer(await makeIdentity(join(folder, 'ca.pem')), answer),
  ];
  const [plain, secured] = await Promise.all(servers.map(listen));
  // A name, so that looking it up is warm as well.
  const pages = [`https://localhost:${secured}/{host}`, `http://127.0.0.1:${plain}/{host}`];
  const routes = toRoutes(`${here}/ca.pem`, [...pages, `${here}/drop`]);
  writeFileSync(join(folder, 'routes.yaml'), routes);
  const args = ['fetch', '--host=warm-up', '--address=::1', `--routes=${here}/routes.yaml`];
  try {
    await run(
      process.execPath,
      [sameEachTime, ...nodeFlags, join(ownFolder, 'warm-up.cjs'), program, ...args],
      {
        cwd: folder,
      },
    );
  } finally {
    for (const server of servers) server.close();
  }
}

/** A certificate for localhost; that of its authority goes into a file. */
async function makeIdentity(ca: string): Promise<{ readonly key: string; readonly cert: string }> {
  const now = new Date();
  const authority = await makeAuthority('warm-up', now);
  const names = { site: 'warm-up', names: ['localhost'] };
  const { key, certificate } = await makeServerPair(names, authority, now);
  writeFileSync(ca, authority.certificate);
  return { key, cert: certificate };
}

/** @returns the port */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}
