/** What a package says of itself: docs/protocol/checkmk-packages.md#manifest */

import { quote } from '../../faults/errors.ts';
import { isDict, type PythonDict, type PythonValue } from '../python-literal/values.ts';
import type { Complain } from './problems.ts';
import { compareVersions, isUsualVersion } from './versions.ts';

export interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly minRequired: string;
  readonly usableUntil: string | null;
  /** Paths by part. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/** Fields that are text. */
const texts = [
  'title',
  'name',
  'description',
  'version',
  'version.packaged',
  'version.min_required',
  'author',
  'download_url',
] as const;

/** @returns undefined where fields are missing or of another type */
export function readManifest(value: PythonValue, complain: Complain): Manifest | undefined {
  if (!isDict(value)) {
    complain('wrong-type', '`info` is not a dict');
    return undefined;
  }
  const found = new Map(texts.map((key) => [key, readText(value, key, complain)] as const));
  const usableUntil = readBound(value, complain);
  const files = readFiles(value, complain);
  const isComplete = [...found.values()].every((text) => text !== undefined);
  if (!isComplete || usableUntil === undefined || files === undefined) return undefined;
  const textOf = (key: (typeof texts)[number]) => found.get(key) ?? '';
  const manifest = {
    name: textOf('name'),
    title: textOf('title'),
    version: textOf('version'),
    minRequired: textOf('version.min_required'),
    usableUntil,
    files,
  };
  judgeName(manifest, complain);
  judgeVersions(manifest, complain);
  return manifest;
}

function readText(info: PythonDict, key: string, complain: Complain): string | undefined {
  const value = info.get(key);
  if (typeof value === 'string') return value;
  if (value === undefined) complain('missing-field', `the manifest lacks ${quote(key)}`);
  else complain('wrong-type', `${quote(key)} is no text`);
  return undefined;
}

/** None and nothing are no bound. */
function readBound(info: PythonDict, complain: Complain): string | null | undefined {
  const value = info.get('version.usable_until') ?? null;
  if (value === null || typeof value === 'string') return value;
  complain('wrong-type', '"version.usable_until" is neither text nor None');
  return undefined;
}

function readFiles(info: PythonDict, complain: Complain): Manifest['files'] | undefined {
  const value = info.get('files');
  if (value === undefined) {
    complain('missing-field', 'the manifest lacks "files"');
    return undefined;
  }
  if (!isDict(value)) {
    complain('wrong-type', '"files" is not a dict');
    return undefined;
  }
  const files = new Map<string, readonly string[]>();
  for (const [part, paths] of value) {
    if (typeof part !== 'string' || !isListOfTexts(paths)) {
      complain('wrong-type', `the files of ${quote(String(part))} are no list of texts`);
      return undefined;
    }
    files.set(part, paths);
  }
  return files;
}

function isListOfTexts(value: PythonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** As Checkmk has it; its `$` lets a line feed at the end pass, which is a mistake. */
function judgeName({ name }: Manifest, complain: Complain): void {
  if (/^[A-Za-z_][-\w]*$/.test(name)) return;
  const isRead = /^[\p{L}\p{Nl}_][-\p{L}\p{N}_]*$/u.test(name);
  if (isRead) complain('odd-name', `the name ${quote(name)} is not ASCII`);
  else complain('invalid-name', `no package may be called ${quote(name)}`);
}

/** As semver.org has it. */
const semantic =
  /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/;

function judgeVersions(manifest: Manifest, complain: Complain): void {
  const { version, minRequired, usableUntil } = manifest;
  if (!/^[^/\s\p{Cc}]+$/u.test(version)) {
    complain('invalid-version', `${quote(version)} is no version`);
  } else if (!semantic.test(version)) {
    complain('odd-version', `the version ${quote(version)} is not of the form 1.2.3`);
  }
  const bounds = [minRequired, ...(usableUntil === null ? [] : [usableUntil])];
  const unread = bounds.filter((bound) => !isUsualVersion(bound));
  for (const bound of unread) {
    complain('unreadable-bound', `${quote(bound)} is no version of Checkmk, and is not checked`);
  }
  if (usableUntil === null || unread.length > 0) return;
  if (compareVersions(minRequired, usableUntil) >= 0) {
    complain('empty-range', `no Checkmk from ${minRequired} on is older than ${usableUntil}`);
  }
}
