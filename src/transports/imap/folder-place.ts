/** Where in which mailbox an `imap:` source points. */

import { CourierError, quote } from '../../faults/errors.ts';
import { parseHostName } from '../../names/host-name.ts';
import { decodeUriPart, fillSourceUri, type SourceUri, type Target } from '../source.ts';

export interface FolderPlace {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte on, as with `imaps:`. */
  readonly isEncrypted: boolean;
  /** Undefined when the source does not say it. */
  readonly user: string | undefined;
  /** Names from the outermost folder inwards; the server says what stands between them. */
  readonly folder: readonly string[];
  /** The folder is for this host alone: it may not be there before the host's first mail. */
  readonly isFolderOfHost: boolean;
}

/** Stands for any host when a source is checked before a host is known. */
const sample: Target = { host: parseHostName('host'), address: '192.0.2.1' };

/**
 * Checks an `imap:` source as far as possible before a host is known.
 *
 * @throws CourierError USAGE
 */
export function checkFolderUri(uri: SourceUri): FolderPlace {
  return locateFolder(uri, sample);
}

/**
 * The mailbox for one host.
 *
 * @throws CourierError USAGE
 */
export function locateFolder(uri: SourceUri, target: Target): FolderPlace {
  const text = fillSourceUri(uri, target);
  const url = URL.parse(text);
  if (url === null || url.hostname === '') throw refuse(`needs a host: ${quote(text)}`);
  if (url.search !== '' || url.hash !== '') throw refuse('has no query and no fragment');
  const isEncrypted = uri.scheme === 'imaps';
  const segments = url.pathname.split('/').slice(1).map(decode);
  const folder = segments.length > 0 && segments.at(-1) === '' ? segments.slice(0, -1) : segments;
  if (folder.includes('')) throw refuse('has an empty folder name');
  return {
    host: decode(url.hostname).replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isEncrypted ? 993 : 143) : Number(url.port),
    isEncrypted,
    user: url.username === '' ? undefined : decode(url.username),
    folder: folder.length === 0 ? ['INBOX'] : folder,
    isFolderOfHost: /^[^/]*\/\/[^/]*\/.*\{/.test(uri.text),
  };
}

function decode(text: string): string {
  return decodeUriPart(text, refuse);
}

function refuse(why: string): CourierError {
  return new CourierError('USAGE', `an imap: source ${why}`);
}
