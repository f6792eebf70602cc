/**
 * The files of a release, checked, and the hash by which a release is known. The form is that of
 * agent-packages.md#release.
 */

import { CourierError, quote } from '../../faults/errors.ts';
import { sha256Of } from '../repository/by-digest.ts';

/** A file of a release. */
export interface ReleaseFile {
  /** Below the release's own directory, such as `lib/plugins/300/mk_apt`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: ReleaseMode;
}

/** What the client takes: nothing that others may write, and nothing that changes the user. */
export type ReleaseMode = 0o644 | 0o755 | 0o600 | 0o700;

/** A release whose files are in order. */
export interface Release {
  /** Sorted by path, byte by byte. */
  readonly files: readonly ReleaseFile[];
  /** The content of `FILES`: mode, SHA-256 and path of each, a line a file. */
  readonly list: string;
  /** 16 hex digits: the beginning of the SHA-256 of `list`. */
  readonly agentHash: string;
}

const mostFiles = 2000;
const mostBytes = 256 * 1024 ** 2;

/** With the name of the top directory ahead it has room in the oldest form of tar. */
const longestPath = 90;

/**
 * Sorts the files and makes their list. Times, owners, and the place the files came from are no
 * part of it, so it is the same wherever it is made.
 *
 * @throws CourierError CONFIG for a path that is no good or taken twice; TOO_LARGE
 */
export function makeRelease(given: readonly ReleaseFile[]): Release {
  const files = given.toSorted((one, other) => compareBytes(one.path, other.path));
  requireFewEnough(files);
  for (const [index, { path }] of files.entries()) {
    requireReleasePath(path);
    if (files[index - 1]?.path === path) throw new CourierError('CONFIG', `${path} is there twice`);
  }
  requireNoFileAsDirectory(files);
  const list = files.map(toLine).join('');
  return { files, list, agentHash: toAgentHash(list) };
}

/** The hash of a release by its list, or of a package that somebody else made by its bytes. */
export function toAgentHash(content: string | Uint8Array): string {
  return sha256Of(content).slice(0, 16);
}

/**
 * Whether a file may have that path on a host: the client's shell has to go through a list of them
 * word by word.
 *
 * @throws CourierError CONFIG
 */
export function requireReleasePath(path: string): void {
  const parts = path.split('/');
  const isGood = (part: string) => /^[\w.,:@%+=-]+$/.test(part) && !/^(\.{1,2}$|-)/.test(part);
  if (path.length <= longestPath && parts.every(isGood)) return;
  const rule = `up to ${longestPath} letters, digits and _.,:@%+=- in each part`;
  throw new CourierError('CONFIG', `a path in a release has ${rule}, not ${quote(path)}`);
}

/** Order of bytes, as `LC_ALL=C sort` has it; all paths are ASCII. */
export function compareBytes(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function toLine({ path, bytes, mode }: ReleaseFile): string {
  return `${mode.toString(8).padStart(4, '0')} ${sha256Of(bytes)} ${path}\n`;
}

function requireFewEnough(files: readonly ReleaseFile[]): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (files.length > mostFiles) {
    throw new CourierError(
      'TOO_LARGE',
      `${files.length} files, a release has at most ${mostFiles}`,
    );
  }
  if (bytes > mostBytes) throw new CourierError('TOO_LARGE', 'a release has at most 256 MiB');
}

function requireNoFileAsDirectory(files: readonly ReleaseFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  for (const { path } of files) {
    const taken = directoriesOf(path).find((directory) => paths.has(directory));
    if (taken === undefined) continue;
    throw new CourierError('CONFIG', `${taken} is a file, and a directory for ${path}`);
  }
}

/** `lib`, `lib/plugins` for `lib/plugins/mk_apt`. */
export function directoriesOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
