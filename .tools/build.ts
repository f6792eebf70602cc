/** src → dist/cmk-courier.cjs (for people with a Node) → dist/cmk-courier (needs none). */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/**
 * undici asks for HTTP/2 when it is loaded, which costs 8 ms of every start and pulls in all of
 * node:tls. We never negotiate it; undici works without, as it does in a Node built without it.
 */
const withoutHttp2: Plugin = {
  name: 'without-http2',
  setup(builder) {
    builder.onResolve({ filter: /^node:http2$/ }, ({ importer }) =>
      /node_modules.undici/.test(importer) ? { path: 'http2', namespace: 'absent' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: 'throw new Error("left out of the bundle")',
    }));
  },
};

async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: ['src/bin.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      // Node's own build of undici sets this too: the experimental second parser stays out.
      esbuildDetection: 'true',
      'import.meta.url': 'bundleUrl',
    },
    banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
    plugins: [withoutHttp2],
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error('esbuild wrote nothing');
  return file.text;
}

/** Node's own single-executable builder. NODE_OPTIONS of a site's environment stay without effect. */
function buildExecutable(bundled: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'cmk-courier-build-'));
  try {
    const main = join(folder, 'cmk-courier.cjs');
    const config = join(folder, 'sea.json');
    writeFileSync(main, bundled);
    writeFileSync(
      config,
      JSON.stringify({
        main,
        output: 'dist/cmk-courier',
        useCodeCache: true,
        disableExperimentalSEAWarning: true,
        execArgvExtension: 'none',
      }),
    );
    execFileSync(process.execPath, ['--build-sea', config], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

mkdirSync('dist', { recursive: true });
rmSync('dist/cmk-courier', { force: true });
const bundled = await bundle();
writeFileSync('dist/cmk-courier.cjs', `#!/usr/bin/env node\n${bundled}`);
chmodSync('dist/cmk-courier.cjs', 0o755);
buildExecutable(bundled);
chmodSync('dist/cmk-courier', 0o755);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
process.stderr.write(`built dist/cmk-courier ${version}\n`);
