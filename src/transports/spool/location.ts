/** Which spool a `spool:` source means. */

import type { Environment } from '../../cli/environment.ts';
import { quote } from '../../faults/errors.ts';
import { defaultSpoolDirectory } from '../../spool/directories.ts';
import { decodePath, refusalFor } from '../../system/local-path.ts';
import type { SourceUri } from '../source.ts';

const refuse = refusalFor('a spool:');

const spoolUri = /^spool:(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/**
 * The directory of the spool: the path of the source, or where the spool is when nobody says.
 *
 * @throws CourierError USAGE
 */
export function findSpoolDirectory(uri: SourceUri, env: Environment): string {
  const [, authority = '', path = '', rest] = spoolUri.exec(uri.text) ?? [];
  if (authority !== '' && authority.toLowerCase() !== 'localhost') {
    throw refuse(`cannot be on another machine, here ${quote(authority)}`);
  }
  if (rest !== '') {
    throw refuse('has no query and no fragment; write %3F for a question mark, %23 for #');
  }
  if (path.includes('{')) {
    throw refuse('has no placeholders: a spool holds the output of all hosts');
  }
  if (path === '' && !uri.text.includes('/')) {
    return defaultSpoolDirectory(env, 'a directory, as in spool:/DIR,');
  }
  if (!path.startsWith('/')) throw refuse('is spool: alone or has an absolute path');
  return decodePath(path, refuse).replace(/\/+$/, '') || '/';
}
