/** How mistakes in updates.yaml are told. */

import type { YamlWords } from '../../cli/yaml-problems.ts';
import { knownKeys } from './schema.ts';

export const words: YamlWords = {
  textKeys: ['name', 'hosts', 'tags', 'labels', 'groups', 'folders', 'sites', 'package'],
  knownKeys: (path) => knownKeys[placeOf(path)],
};

type Place = keyof typeof knownKeys;

const places: Readonly<Record<string, Place>> = {
  updater: 'updater',
  plugins: 'script',
  local: 'script',
  config: 'entry',
  programs: 'entry',
};

function placeOf([first, , parameter]: readonly PropertyKey[]): Place {
  if (first === 'stages') return 'stage';
  if (first !== 'rules') return 'file';
  return places[String(parameter)] ?? 'rule';
}
