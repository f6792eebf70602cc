/** src and the libraries it uses → CommonJS files. */

import { readFileSync } from 'node:fs';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { loadRecipe } from '../src/special-agents/recipe/load.ts';
import { shippedRecipes } from '../src/special-agents/shipped-recipes.ts';
import { pageFiles } from '../src/status-page/page/page-files.ts';

/**
 * What undici loads of Node and hardly uses, and what takes its place there:
 * - HTTP/2 costs 8 ms of every start and pulls in all of node:tls. We never negotiate it; undici
 *   works without, as it does in a Node built without it.
 * - of node:http it wants the size of a header, which we give it, and a class to recognise bodies
 *   of Node's own client by, which we never send: 1.5 ms.
 * - of node:assert the function: 1.5 ms.
 */
const leanUndici: Readonly<Record<string, string>> = {
  'node:http2': 'throw new Error("left out of the bundle")',
  'node:http': 'module.exports = { maxHeaderSize: 16384, IncomingMessage: class {} }',
  'node:assert': `
    module.exports = (value, message = 'an assertion of undici') => {
      if (!value) throw Object.assign(new Error(message), { code: 'ERR_ASSERTION' });
    };`,
};

const withLeanUndici: Plugin = {
  name: 'lean-undici',
  setup(builder) {
    builder.onResolve({ filter: /^node:(http2?|assert)$/ }, ({ importer, path }) =>
      /node_modules.undici/.test(importer) ? { path, namespace: 'lean' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'lean' }, ({ path }) => ({
      contents: leanUndici[path] ?? '',
    }));
  },
};

/** The script for the site travels within the program: there is no other file to read it from. */
const withReadyScript: Plugin = {
  name: 'with-ready-script',
  setup(builder) {
    builder.onLoad({ filter: /src.service.ready-script\.ts$/ }, ({ path }) => {
      const script = JSON.stringify(readFileSync('agents/site/cmk-courier-ready', 'utf8'));
      const code = readFileSync(path, 'utf8').replace("readFileSync(source, 'utf8')", () => script);
      return { contents: code, loader: 'ts' };
    });
  },
};

/** So do the scripts that go into releases for hosts. */
const withHostFiles: Plugin = {
  name: 'with-host-files',
  setup(builder) {
    builder.onLoad({ filter: /src.updates.packages.host-files\.ts$/ }, ({ path }) => {
      const read = (_call: string, name: string) =>
        JSON.stringify(readFileSync(`agents/host/${name}`, 'utf8'));
      const code = readFileSync(path, 'utf8').replace(/hostFile\('([^']+)'\)/g, read);
      return { contents: code, loader: 'ts' };
    });
  },
};

/** Recipes travel within the program, too, and so does the thread that evaluates them. */
const withRecipes: Plugin = {
  name: 'with-recipes',
  setup(builder) {
    builder.onLoad({ filter: /src.special-agents.shipped-recipes\.ts$/ }, async () => {
      const texts = shippedRecipes();
      const read: Record<string, string> = {};
      for (const [name, text] of Object.entries(texts)) {
        const recipe = await loadRecipe(text, { name, origin: `recipe ${name}` });
        read[name] = JSON.stringify(recipe);
      }
      return {
        contents: `const read = ${JSON.stringify(read)};
          export const shippedRecipes = () => (${JSON.stringify(texts)});
          export const readAtBuild = (name) => read[name];`,
      };
    });
    builder.onLoad({ filter: /src.special-agents.recipe.thread-program\.ts$/ }, async () => {
      const text = await bundle({ entryPoints: ['src/special-agents/recipe/thread/thread.ts'] });
      const program = JSON.stringify(text);
      return { contents: `export const threadProgram = { program: ${program}, isText: true };` };
    });
  },
};

/** Script and style of the status page, which the program hands to browsers. */
const withPageFiles: Plugin = {
  name: 'with-page-files',
  setup(builder) {
    builder.onLoad({ filter: /src.status-page.page.page-files\.ts$/ }, () => ({
      contents: `export const pageFiles = () => (${JSON.stringify(pageFiles())});`,
    }));
  },
};

/**
 * A module of Node that is loaded when it is used. By itself esbuild copies all of its exports each
 * time an `import()` is reached, which took a receiver 7 % of its time.
 */
const withNodeOnce: Plugin = {
  name: 'with-node-once',
  setup(builder) {
    builder.onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, namespace: 'once' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'once' }, ({ path }) => ({
      contents: `export * from '${path}';`,
    }));
  },
};

/** Names stay as they are: they are what `--debug` shows, and cost nothing. */
const settings: BuildOptions = {
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  charset: 'ascii',
  // The executable runs bundles as scripts, and a script cannot import.
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
  plugins: [
    withNodeOnce,
    withLeanUndici,
    withReadyScript,
    withHostFiles,
    withRecipes,
    withPageFiles,
  ],
};

/** A fetch uses these, or parts of them, every time: they belong into the program. */
const inProgram = ['undici', 'yargs-parser'];

/** Only the thread of recipes uses these, which is a program of its own. */
const inThread = ['jsonata', 'saxes'];

/** Libraries that share a core: one bundle of that name holds them with it, once. */
const together: Readonly<Record<string, readonly string[]>> = {
  '@nats-io/transport-node': ['@nats-io/jetstream', '@nats-io/kv'],
};

/** Libraries that are loaded when they are used. */
export function separateLibraries(): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const elsewhere = [...inProgram, ...inThread, ...Object.values(together).flat()];
  return Object.keys(dependencies).filter((name) => !elsewhere.includes(name));
}

/** The catalog without what stands behind the other commands. */
function withCommandsOnly(commands: readonly string[]): Plugin {
  const wanted = commands.map((command) => `./${command}.ts`);
  return {
    name: 'with-commands-only',
    setup(builder) {
      builder.onResolve({ filter: /^\.\/.*\.ts$/ }, ({ importer, path }) =>
        /src.commands.catalog\.ts$/.test(importer) && !wanted.includes(path)
          ? { path, namespace: 'left-out' }
          : undefined,
      );
      builder.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
        contents: 'throw new Error("not in this bundle")',
      }));
    },
  };
}

/**
 * Everything in one file, but for the libraries in `external`.
 *
 * @param commands the only ones that are to be in it; all of them when left out
 */
export async function bundleProgram(
  external: readonly string[],
  commands?: readonly string[],
): Promise<string> {
  const pairs = external.flatMap((name) => (together[name] ?? []).map((other) => [other, name]));
  const alias = Object.fromEntries(pairs);
  const only = commands === undefined ? [] : [withCommandsOnly(commands)];
  const plugins = [...only, ...(settings.plugins ?? [])];
  return bundle({ entryPoints: ['src/bin.ts'], external: [...external], alias, plugins });
}

/** One library; a function that is its default export takes the place of its exports. */
export async function bundleLibrary(name: string): Promise<string> {
  const others = (together[name] ?? []).map((other) => `...require(${JSON.stringify(other)})`);
  const contents = `
    const library = require(${JSON.stringify(name)});
    const main = library.__esModule ? library.default : undefined;
    module.exports = ${
      others.length > 0
        ? `{ ...library, ${others.join(', ')} }`
        : "typeof main === 'function' ? Object.assign(main, library) : library"
    };`;
  return bundle({ stdin: { contents, resolveDir: '.' } });
}

async function bundle(entry: BuildOptions): Promise<string> {
  const { outputFiles = [] } = await build({ ...settings, ...entry, write: false });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild wrote nothing');
  return toAscii(file.text);
}

/** esbuild escapes what is not ASCII, but in regular expressions; a byte is to be a character. */
function toAscii(text: string): string {
  const toEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[^\0-\x7f]/g, toEscape);
}
