/** The options of every transport that finds agent output in mail. */

import { parseText } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import type { SourceUri } from '../transports/source.ts';
import { parsePattern } from './patterns.ts';

const pattern = { kind: 'value', placeholder: 'PATTERN', parse: parsePattern } as const;

export const mailOptions = {
  mailFrom: {
    ...pattern,
    describe: 'address in From, with `{host}`, `*` and `?`, such as `root@{host}.example.com`',
  },
  mailSubject: { ...pattern, describe: 'subject, such as `Checkmk {host}`' },
  mailTo: {
    ...pattern,
    describe: 'address in To, Cc, Delivered-To or X-Original-To, such as `checkmk+{host}@*`',
  },
  mailOlder: {
    kind: 'value',
    placeholder: 'keep|delete|move:FOLDER',
    parse: parseOlder,
    fallback: 'keep',
    describe: 'what becomes of fitting messages that are older than the one delivered',
  },
} as const satisfies OptionTable;

export type MailOptions = OptionValues<typeof mailOptions>;

/** What becomes of older messages; `folder` as it was written. */
export type Older =
  | { readonly act: 'keep' }
  | { readonly act: 'delete' }
  | { readonly act: 'move'; readonly folder: string };

function parseOlder(raw: string): Older {
  if (raw === 'keep') return { act: 'keep' };
  if (raw === 'delete') return { act: 'delete' };
  const [, folder] = /^move:(.+)$/s.exec(raw) ?? [];
  if (folder === undefined || /[\p{Cc}{}]/u.test(folder)) {
    throw new CourierError('USAGE', `must be keep, delete or move:FOLDER, not ${quote(raw)}`);
  }
  return { act: 'move', folder: parseText(folder) };
}

/**
 * Makes sure that a host is asked for: without a placeholder any host would get any mail.
 *
 * @throws CourierError USAGE
 */
export function requirePlaceholder(uri: SourceUri, options: MailOptions): void {
  const { mailFrom, mailSubject, mailTo } = options;
  const texts = [uri.text, mailFrom, mailSubject, mailTo];
  if (texts.some((text) => text !== undefined && /\{(?:host|address)\}/.test(text))) return;
  throw new CourierError(
    'USAGE',
    'needs {host} in --mail-from, --mail-subject, --mail-to or the source: which mail is of which host?',
  );
}
