/** Reads updates.yaml into rules; every mistake is told with its line. */

import { dirname, resolve } from 'node:path';
import type { YamlLayout, YamlProblem } from '../../cli/yaml-file.ts';
import { CourierError } from '../../faults/errors.ts';
import { readYamlConfiguration, withinStack } from '../../system/yaml-configuration.ts';
import type { Updates } from './rules.ts';

const place = {
  what: 'the updates',
  maker: '`cmk-courier updates init`',
  named: ['groups', 'plugins', 'local', 'config', 'programs'],
};

/**
 * Reads the file.
 *
 * @throws CourierError CONFIG naming file and line of the first mistake and how many more there
 * are; LOCAL when it cannot be read
 */
export async function loadUpdates(path: string): Promise<Updates> {
  const read = await readUpdates(path);
  if ('updates' in read) return read.updates;
  throw toFault(path, read.problems);
}

/** The first mistake, and how many more there are. */
export function toFault(path: string, problems: readonly YamlProblem[]): CourierError {
  const [first, ...others] = problems;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  return new CourierError('CONFIG', `${path}:${first?.line ?? 1}: ${first?.message}${more}`);
}

/**
 * Reads the file and returns all of its mistakes instead of rules.
 *
 * @throws CourierError LOCAL when it cannot be read; CONFIG when it is not text or too long
 */
export async function readUpdates(
  path: string,
): Promise<
  | { readonly updates: Updates; readonly layout: YamlLayout }
  | { readonly problems: readonly YamlProblem[] }
> {
  const file = await readYamlConfiguration(path, place);
  if ('problem' in file) return { problems: [file.problem] };
  const { layout } = file;
  const [{ updatesFile }, { toYamlProblems }, { words }, { toRules }, { findShortSoaks }] =
    await Promise.all([
      import('./schema.ts'),
      import('../../cli/yaml-problems.ts'),
      import('./problem-words.ts'),
      import('./from-file.ts'),
      import('./short-soaks.ts'),
    ]);
  const parsed = withinStack(path, () => updatesFile.safeParse(file.content ?? {}));
  if (!parsed.success) return { problems: toYamlProblems(parsed.error.issues, layout, words) };
  const { rules, stages, problems } = toRules(parsed.data, layout);
  if (problems.length > 0) return { problems };
  const directory = dirname(resolve(path));
  const { hostList } = parsed.data;
  return {
    layout,
    updates: {
      path,
      directory,
      rules,
      stages,
      warnings: findShortSoaks({ rules, stages }, layout),
      hostList: hostList === undefined ? undefined : resolve(directory, hostList),
    },
  };
}
