/** Runs a few lines of JavaScript in a process of their own. */

import { existsSync } from 'node:fs';
import { type Running, start } from './run-program.ts';

/** What the lines import a module of src by, such as `system/shutdown.ts`. */
export function sourceUrl(path: string): string {
  const url = new URL(`../../src/${path}`, import.meta.url);
  if (!existsSync(url)) throw new Error(`there is no src/${path}`);
  return JSON.stringify(url.href);
}

/** The arguments that make Node run the lines. */
export function scriptArguments(lines: string): readonly string[] {
  return ['--input-type=module', '--eval', lines];
}

export function startScript(lines: string): Running {
  return start(process.execPath, scriptArguments(lines));
}
