/** What has become of the file from which a service has taken its options at its start. */

import { existsSync } from 'node:fs';
import type { StartConfiguration } from '../cli/command.ts';
import { type RawOptions, toFlag } from '../cli/options.ts';
import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { ConfigurationFile } from './configured-command.ts';

/** What the next start would do otherwise. */
export interface ConfigurationNews {
  /** Why it would not start. */
  readonly fault?: CourierError;
  /** Keys that are new, gone or have other values. */
  readonly changed: readonly string[];
}

/** Never rejects. */
export async function findConfigurationNews(
  { path, isNamed, options: before, overridden }: StartConfiguration,
  file: ConfigurationFile,
): Promise<ConfigurationNews> {
  try {
    const now = isNamed || existsSync(path) ? await file.read(path) : {};
    const names = Object.keys({ ...before, ...now }).filter((name) => !overridden.includes(name));
    const changed = names.filter((name) => !isSame(before[name], now[name]));
    return { changed: changed.map((name) => toFlag(name).slice(2)).sort() };
  } catch (thrown) {
    return { fault: asCourierError(thrown, `reading ${path}`), changed: [] };
  }
}

function isSame(before: RawOptions[string] | undefined, now: RawOptions[string] | undefined) {
  return JSON.stringify(before) === JSON.stringify(now);
}
