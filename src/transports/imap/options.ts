/** The options of the imap transport. */

import { parsePath, parsePositiveDuration, parseText } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { mailOptions } from '../../mail/options.ts';
import { isSecretGiven, secretOptions } from '../../secrets/secret-options.ts';

const file = { kind: 'value', placeholder: 'FILE', parse: parsePath } as const;

export const imapOptions = {
  user: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseUser,
    describe: 'user to log in as, where the source does not say it',
  },
  ...secretOptions('password', "the user's password"),
  ...secretOptions('oauthToken', 'an OAuth2 access token, in place of a password'),
  ...mailOptions,
  ca: { ...file, describe: 'trust only the certificate authorities in this PEM file' },
  allowPlaintext: {
    kind: 'switch',
    describe: 'let imap: go on without encryption where the server offers none',
  },
  connectTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '10s',
    describe: 'how long connecting, the greeting and TLS may take, each',
  },
  idleTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '30s',
    describe: 'how long the server may be silent',
  },
} as const satisfies OptionTable;

export type ImapOptions = OptionValues<typeof imapOptions>;

function parseUser(raw: string): string {
  if (/\p{Cc}/u.test(raw)) {
    throw new CourierError('USAGE', 'must not hold control characters');
  }
  return parseText(raw);
}

/**
 * Checks options against the source and each other, before anything is touched.
 *
 * @throws CourierError USAGE
 */
export function checkImapOptions(
  options: ImapOptions,
  isEncrypted: boolean,
  hasUser: boolean,
): void {
  const { user, allowPlaintext } = options;
  const refuse = (why: string) => new CourierError('USAGE', why);
  if (hasUser === (user !== undefined)) {
    throw refuse(hasUser ? '--user and the user in the source exclude each other' : 'needs --user');
  }
  if (isSecretGiven(options, 'password') === isSecretGiven(options, 'oauthToken')) {
    throw refuse(
      'needs either --password-file or --password-id, or --oauth-token-file or --oauth-token-id',
    );
  }
  if (isEncrypted && allowPlaintext) throw refuse('--allow-plaintext makes no sense with imaps:');
}
