/** Sources at a Dovecot of the tests. */

import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { Dovecot } from '../../peers/dovecot.ts';

export type Scheme = 'imap' | 'imaps';

/** The usual source at a Dovecot, `{host}` in the subject; options may be replaced. */
export function sourceAt(
  dovecot: Dovecot,
  scheme: Scheme = 'imaps',
  options: Source['options'] = {},
): Source {
  const port = scheme === 'imaps' ? dovecot.tlsPort : dovecot.port;
  return {
    uri: parseSourceUri(`${scheme}://${dovecot.user}@127.0.0.1:${port}/`),
    options: {
      passwordFile: [dovecot.passwordFile],
      ca: [dovecot.ca],
      mailSubject: ['Checkmk {host}'],
      ...options,
    },
  };
}
