/** What is wrong with a routes file, each with its line. */

import { isMap, isScalar } from 'yaml';
import type { z } from 'zod';
import { needsQuotes, type YamlLayout, type YamlProblem } from '../cli/yaml-file.ts';
import { nodeAt, toYamlProblems, type YamlWords } from '../cli/yaml-problems.ts';
import { knownKeys } from './schema.ts';

/** What is wrong, and how to mend it. */
export type Problem = YamlProblem;

/** The file as read, in which lines are found. */
export type Layout = YamlLayout;

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** All that the schema complains about, in the order of the file. */
export function toProblems(issues: readonly Issue[], layout: Layout): readonly Problem[] {
  return toYamlProblems(issues, layout, words);
}

const words: YamlWords = {
  textKeys: ['name', 'hosts', 'tags', 'piggyback', 'sections'],
  knownKeys: (path) => knownKeys[placeOf(path)],
  findPlace: (path) =>
    placeOf(path.slice(0, -1)) === 'route'
      ? `an option of a source stands beside its uri, {uri: …, ${String(path.at(-1))}: …}`
      : undefined,
  describe: ({ path }, layout) => {
    const scheme = findBareScheme(nodeAt(layout.root, path.slice(0, -1)));
    return scheme === undefined ? undefined : needsQuotes(`${scheme}:`);
  },
};

/** `- spool:` is a key without a value to YAML. */
function findBareScheme(node: unknown): string | undefined {
  const [only] = isMap(node) && node.items.length === 1 ? node.items : [];
  const isBare = isScalar(only?.key) && isScalar(only.value) && only.value.value === null;
  const name = isBare && isScalar(only?.key) ? String(only.key.value) : '';
  return /^[a-z][a-z0-9+]*$/.test(name) && !knownKeys.route.includes(name) ? name : undefined;
}

function placeOf([first, , third]: Path): keyof typeof knownKeys {
  if (first === undefined) return 'file';
  if (first === 'routes' && third === undefined) return 'route';
  return first === 'collector' ? 'collector' : 'defaults';
}
