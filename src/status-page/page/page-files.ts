/**
 * Script and style of the page, bundled when they are first asked for. In the bundle of the program
 * they stand here as text (.tools/bundle.ts), and esbuild is not needed.
 */

import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

export interface PageFiles {
  readonly script: string;
  /** Sets light or dark before the page is drawn. */
  readonly theme: string;
  readonly style: string;
}

const settings: BuildOptions = {
  bundle: true,
  write: false,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
};

export function pageFiles(): PageFiles {
  return {
    script: bundle('./client/client.ts'),
    theme: bundle('./client/theme-at-start.ts'),
    style: bundle('./style/page.css'),
  };
}

function bundle(path: string): string {
  const entry = fileURLToPath(new URL(path, import.meta.url));
  const { outputFiles = [] } = buildSync({ ...settings, entryPoints: [entry], write: false });
  return outputFiles[0]?.text ?? '';
}
