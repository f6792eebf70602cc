/** `imap:` and `imaps:`: the newest fitting message in a mailbox. */

import { readAuthorities } from '../../certs/tls-trust.ts';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { chooseMessage } from '../../mail/choose.ts';
import { requirePlaceholder } from '../../mail/options.ts';
import { describeWanted, fillPatterns, type WantedMessages } from '../../mail/patterns.ts';
import { describeTimes, producedAt } from '../../mail/times.ts';
import { readSecret } from '../../secrets/secret-options.ts';
import type { SourceUri, Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { findNewestMessages, type ImapMessage } from './find.ts';
import { checkFolderUri, type FolderPlace, locateFolder } from './folder-place.ts';
import { checkImapOptions, type ImapOptions, imapOptions } from './options.ts';
import { readMessage } from './read.ts';
import { type Session, type SessionSettings, withSession } from './session.ts';
import { tidyOlder } from './tidy.ts';

export const imap = defineTransport({
  options: imapOptions,
  traits: { concurrency: 4, consumes: false },
  async open(uri, options, context) {
    const { isEncrypted, user } = checkFolderUri(uri);
    checkImapOptions(options, isEncrypted, user !== undefined);
    requirePlaceholder(uri, options);
    const settings = await loadSettings(options, context);
    const closing = new AbortController();
    return {
      async fetch(target, signal) {
        const until = AbortSignal.any([signal, closing.signal]);
        return fetchNewest(uri, target, settings, until);
      },
      async close() {
        closing.abort(new CourierError('INTERNAL', 'the transport is closed'));
      },
    };
  },
});

async function loadSettings(options: ImapOptions, context: OpenContext): Promise<SessionSettings> {
  context.signal.throwIfAborted();
  const [password, oauthToken, authorities] = await Promise.all([
    readSecret(options, 'password', context),
    readSecret(options, 'oauthToken', context),
    readAuthorities(options.ca, context),
  ]);
  return { options, password, oauthToken, authorities, context };
}

async function fetchNewest(
  uri: SourceUri,
  target: Target,
  settings: SessionSettings,
  signal: AbortSignal,
): Promise<Delivery> {
  signal.throwIfAborted();
  const place = locateFolder(uri, target);
  const wanted = fillPatterns(settings.options, target);
  const { context } = settings;
  const choose = (session: Session) =>
    chooseIn(session, { place, wanted, target }, context, signal);
  const chosen = await withSession(place, 'read', settings, choose, signal);
  const { message: found, output, passedOver, folder } = chosen;
  return {
    output,
    origin: `${nameMessage(found, place)} (${describeTimes(found)})`,
    producedAt: producedAt(found),
    passedOver,
    acknowledge: () => tidyUp(place, wanted, settings, { found, uidValidity: folder.uidValidity }),
  };
}

interface Asked {
  readonly target: Target;
  readonly place: FolderPlace;
  readonly wanted: WantedMessages;
}

/** Somebody may delete a message just before it is read: then another is the newest. */
const looks = 3;

async function chooseIn(
  { client, folder }: Session,
  { target: { host }, place, wanted }: Asked,
  context: OpenContext,
  signal: AbortSignal,
) {
  const mailbox = {
    list: () => findNewestMessages(client, wanted),
    nothing: `no ${describeWanted(wanted)} in folder ${nameFolder(place)} at ${place.host}`,
    nameOf: ({ uid }: ImapMessage) => `message ${uid}`,
    originOf: (found: ImapMessage) => nameMessage(found, place),
    read: (found: ImapMessage) => readMessage(client, found, context.maxOutputBytes),
    looks,
  };
  return { ...(await chooseMessage(mailbox, context, { host, signal })), folder };
}

function nameMessage({ uid }: ImapMessage, place: FolderPlace): string {
  return `message ${uid} in ${nameFolder(place)} at ${place.host}`;
}

function nameFolder({ folder }: FolderPlace): string {
  return cleanText(folder.join('/'), 80).replace(/[{}]/g, '');
}

interface Delivered {
  readonly found: ImapMessage;
  readonly uidValidity: bigint;
}

/** A session of its own: the one that read the message could not write, and has ended. */
async function tidyUp(
  place: FolderPlace,
  wanted: WantedMessages,
  settings: SessionSettings,
  { found, uidValidity }: Delivered,
): Promise<void> {
  const { options, context } = settings;
  if (options.mailOlder.act === 'keep') return;
  const tidy = async ({ client, folder }: Session) =>
    // Otherwise the folder has been made anew, and the numbers mean other messages: RFC 3501 2.3.1.1.
    folder.uidValidity === uidValidity ? tidyOlder(client, wanted, found, options.mailOlder) : 0;
  const count = await withSession(place, 'write', settings, tidy, context.signal);
  if (count > 0) context.log.debug({ count }, 'older messages cleaned up');
}
