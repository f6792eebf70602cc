/** Where in the file system a `file:` source points. */

import { quote } from '../../faults/errors.ts';
import { decodePath, refusalFor } from '../../system/local-path.ts';
import { fillSourceUri, type SourceUri, type Target } from '../source.ts';

const refuse = refusalFor('a file:');

export interface Location {
  /** With a `/` at its end only a directory will do. */
  readonly path: string;
  /** The deepest directory before the first placeholder: what is outside of it is not delivered. */
  readonly base: string;
  /** No placeholder in it: whoever wrote the source has named this very place. */
  readonly fixed: boolean;
}

const fileUri = /^file:(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/**
 * Checks all that can be wrong with the URI of a `file:` source before a host is known.
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
}

/**
 * The place for one host.
 *
 * @throws CourierError USAGE when the source needs an address and the host has none
 */
export function locate(uri: SourceUri, target: Target): Location {
  const [before = ''] = pathOf(uri.text).split('{', 1);
  return {
    path: decodePath(pathOf(fillSourceUri(uri, target)), refuse),
    base: decodePath(before.slice(0, before.lastIndexOf('/') + 1), refuse),
    fixed: before === pathOf(uri.text),
  };
}

function pathOf(uri: string): string {
  return fileUri.exec(uri)?.[2] ?? '';
}
