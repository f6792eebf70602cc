/** `imap:` and `imaps:`: the newest fitting message in a mailbox. */

import { readAuthorities } from '../../certs/tls-trust.ts';
import { CourierError, cleanText, prefixError } from '../../faults/errors.ts';
import { extractOutput } from '../../mail/mime.ts';
import { requirePlaceholder } from '../../mail/options.ts';
import { describeWanted, fillPatterns, type Wanted } from '../../mail/patterns.ts';
import { describeTimes, producedAt } from '../../mail/times.ts';
import { readSecret } from '../../secrets/secret-options.ts';
import type { SourceUri, Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { type Found, findNewest } from './find.ts';
import { checkOptions, type ImapOptions, imapOptions } from './options.ts';
import { checkPlace, locate, type Place } from './place.ts';
import { readMessage } from './read.ts';
import { type Session, type SessionSettings, withSession } from './session.ts';
import { tidyOlder } from './tidy.ts';

export const imap = defineTransport({
  options: imapOptions,
  traits: { concurrency: 4, consumes: false },
  async open(uri, options, context) {
    const { isEncrypted, user } = checkPlace(uri);
    checkOptions(options, isEncrypted, user !== undefined);
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
  const place = locate(uri, target);
  const wanted = fillPatterns(settings.options, target);
  const { maxOutputBytes } = settings.context;
  const read = (session: Session) => readNewest(session, place, wanted, maxOutputBytes);
  const { found, message, folder } = await withSession(place, 'read', settings, read, signal);
  const name = nameMessage(found, place);
  const output = await extractOutput(message, maxOutputBytes, signal).catch((error: unknown) => {
    throw error instanceof CourierError && !signal.aborted ? prefixError(error, name) : error;
  });
  return {
    output,
    origin: `${name} (${describeTimes(found)})`,
    producedAt: producedAt(found),
    acknowledge: () => tidyUp(place, wanted, settings, { found, uidValidity: folder.uidValidity }),
  };
}

interface Read {
  readonly found: Found;
  readonly message: Buffer;
  readonly folder: Session['folder'];
}

/** Somebody may delete a message just before it is read: then another is the newest. */
const looks = 3;

async function readNewest(
  { client, folder }: Session,
  place: Place,
  wanted: Wanted,
  maxOutputBytes: number,
): Promise<Read> {
  for (let look = 1; look <= looks; look += 1) {
    const found = await findNewest(client, wanted);
    if (found === undefined) {
      const where = `folder ${nameFolder(place)} at ${place.host}`;
      throw new CourierError('NO_OUTPUT', `no ${describeWanted(wanted)} in ${where}`);
    }
    const message = await readMessage(client, found, maxOutputBytes);
    if (message !== undefined) return { found, message, folder };
  }
  throw new CourierError('TIMEOUT', `messages in ${nameFolder(place)} vanish before they are read`);
}

function nameMessage({ uid }: Found, place: Place): string {
  return `message ${uid} in ${nameFolder(place)} at ${place.host}`;
}

function nameFolder({ folder }: Place): string {
  return cleanText(folder.join('/'), 80).replace(/[{}]/g, '');
}

interface Delivered {
  readonly found: Found;
  readonly uidValidity: bigint;
}

/** A session of its own: the one that read the message could not write, and has ended. */
async function tidyUp(
  place: Place,
  wanted: Wanted,
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
