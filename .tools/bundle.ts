/** src → one CommonJS file. */

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

/** Names stay as they are: they are what `--debug` shows, and cost nothing. */
export async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: ['src/bin.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    charset: 'ascii',
    // The executable runs the bundle as a script, and a script cannot import.
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
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
