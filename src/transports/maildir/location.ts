/** Where in the file system a `maildir:` source points. */

import { quote } from '../../faults/errors.ts';
import { parseHostName } from '../../names/host-name.ts';
import { decodePath, refusalFor } from '../../system/local-path.ts';
import { fillSourceUri, type SourceUri, type Target } from '../source.ts';

const refuse = refusalFor('a maildir:');

export interface MaildirLocation {
  /** Without a `/` at its end. */
  readonly path: string;
  /** What stands before the first placeholder, the same for all hosts. */
  readonly base: string;
  /** The Maildir is for this host alone: it may not be there before the host's first mail. */
  readonly isOfHost: boolean;
}

const maildirUri = /^maildir:(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/** Stands for any host when a source is checked before a host is known. */
const sample: Target = { host: parseHostName('host'), address: '192.0.2.1' };

/**
 * Checks a `maildir:` source as far as possible before a host is known.
 *
 * @throws CourierError USAGE
 */
export function checkMaildirUri(uri: SourceUri): void {
  locateMaildir(uri, sample);
}

/**
 * The Maildir for one host.
 *
 * @throws CourierError USAGE
 */
export function locateMaildir(uri: SourceUri, target: Target): MaildirLocation {
  const text = fillSourceUri(uri, target);
  const [, authority = '', path = '', rest] = maildirUri.exec(text) ?? [];
  if (authority !== '' && authority.toLowerCase() !== 'localhost') {
    throw refuse(`cannot be on another machine, here ${quote(authority)}`);
  }
  if (rest !== '') {
    throw refuse('has no query and no fragment; write %3F for a question mark, %23 for #');
  }
  if (!path.startsWith('/')) throw refuse('needs an absolute path');
  return {
    path: decodePath(path, refuse).replace(/\/+$/, '') || '/',
    base: uri.text.replace(/^maildir:(?:\/\/[^/]*)?/i, '').replace(/\{.*$/s, ''),
    isOfHost: uri.text.includes('{'),
  };
}
