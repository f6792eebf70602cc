/** Where in the file system a `file:` source points. */

import { quote } from '../../faults/errors.ts';
import { decodePath, refusalFor } from '../../system/local-path.ts';
import { fillSourceUri, type SourceUri, type Target } from '../source.ts';
import { checkPattern, fillNamePattern, isPattern, type NamePattern } from './name-pattern.ts';

const refuse = refusalFor('a file:');

export interface DropLocation {
  /** A `/` at its end means that it must be a directory. */
  readonly path: string;
  /** The deepest directory before the first placeholder: what is outside of it is not delivered. */
  readonly base: string;
  /** Whether it has no placeholder: the author of the source has named this very place. */
  readonly fixed: boolean;
  /** Which files of the directory are asked for; undefined: any, or the path is that of a file. */
  readonly names: NamePattern | undefined;
}

const fileUri = /^file:(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/**
 * Checks the URI of a `file:` source as far as possible before a host is known.
 *
 * @throws CourierError USAGE
 */
export function checkFileUri(uri: SourceUri): void {
  const [, authority = '', path = '', rest] = fileUri.exec(uri.text) ?? [];
  if (authority !== '' && authority.toLowerCase() !== 'localhost') {
    throw refuse(`cannot be on another machine, here ${quote(authority)}`);
  }
  if (rest !== '') {
    throw refuse('has no query and no fragment; write %3F for a question mark, %23 for #');
  }
  if (!path.startsWith('/')) throw refuse('needs an absolute path');
  decodePath(path, refuse);
  const { directory, name } = takeApart(path);
  if (directory.includes('*')) {
    throw refuse('may have * in the last part of its path only; write %2A for a star');
  }
  checkPattern(name, refuse);
}

/**
 * The place for one host.
 *
 * @throws CourierError USAGE when the source needs an address and the host has none
 */
export function locateDrop(uri: SourceUri, target: Target): DropLocation {
  const { name } = takeApart(pathOf(uri.text));
  const [before = ''] = pathOf(uri.text).split(/[{*]/, 1);
  const filled = pathOf(fillSourceUri(uri, target));
  const names = isPattern(name) ? fillNamePattern(name, target, refuse) : undefined;
  return {
    path: decodePath(names === undefined ? filled : takeApart(filled).directory, refuse),
    base: decodePath(takeApart(before).directory, refuse),
    fixed: before === pathOf(uri.text),
    names,
  };
}

/** Splits a path; the directory keeps the `/` at its end. */
function takeApart(path: string): { readonly directory: string; readonly name: string } {
  const end = path.lastIndexOf('/') + 1;
  return { directory: path.slice(0, end), name: path.slice(end) };
}

function pathOf(uri: string): string {
  return fileUri.exec(uri)?.[2] ?? '';
}
