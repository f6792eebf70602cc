/** Where in a release what a parameter names is put: agent-packages.md#release. */

import { CourierError } from '../../faults/errors.ts';
import { requireReleasePath } from '../packages/release-files.ts';

/** Kinds of files, and the directory of each in a release. */
const directories = {
  plugins: 'lib/plugins',
  local: 'lib/local',
  config: 'etc',
  programs: 'bin',
} as const;

export type FileKind = keyof typeof directories;

/** `plugins.mk_apt` → `['plugins', 'mk_apt']`; undefined for what is no file. */
export function splitParameter(parameter: string): readonly [FileKind, string] | undefined {
  const [, kind = '', name = ''] = /^(\w+)\.(.*)$/s.exec(parameter) ?? [];
  return isFileKind(kind) ? [kind, name] : undefined;
}

function isFileKind(word: string): word is FileKind {
  return Object.hasOwn(directories, word);
}

/** @param seconds between two runs; undefined for one at each run of the agent */
export function placeInRelease(kind: FileKind, name: string, seconds?: number): string {
  const directory = directories[kind];
  return seconds === undefined ? `${directory}/${name}` : `${directory}/${seconds}/${name}`;
}

/** What the program puts there itself. */
const taken: Readonly<Record<FileKind, readonly string[]>> = {
  plugins: ['courier-update-status', 'courier-update'],
  local: [],
  config: ['update.conf'],
  programs: ['check_mk_agent', 'courier-update', 'courier-launch'],
};

/** Why a file cannot have that name; undefined when it can. */
export function pathProblem(parameter: string): string | undefined {
  const [kind, name] = splitParameter(parameter) ?? [];
  if (kind === undefined || name === undefined) return undefined;
  if (taken[kind].includes(name)) return `${parameter} is a name that the updater has itself`;
  if (kind !== 'config' && name.includes('/')) return `${parameter} must be a name without a slash`;
  try {
    requireReleasePath(placeInRelease(kind, name, 9_999_999));
  } catch (error) {
    if (error instanceof CourierError) return `${parameter}: ${error.message}`;
    throw error;
  }
  return undefined;
}
