/** `maildir:`: the newest fitting message in a Maildir. */

import { CourierError, cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { chooseMessage } from '../../mail/choose.ts';
import { largestMessage } from '../../mail/mime.ts';
import { newestFirst } from '../../mail/newest.ts';
import { type MailOptions, mailOptions, requirePlaceholder } from '../../mail/options.ts';
import { describeWanted, fillPatterns, type WantedMessages } from '../../mail/patterns.ts';
import { describeTimes, producedAt } from '../../mail/times.ts';
import { lookInto } from '../../system/file-lanes.ts';
import type { Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { findPages, type MaildirMessage } from './find.ts';
import { KnownHeaders } from './known-headers.ts';
import { listEntries } from './list.ts';
import { checkMaildirUri, locateMaildir, type MaildirLocation } from './location.ts';
import { type OpenFile, withFile } from './open-file.ts';
import { tidyOlder } from './tidy.ts';

export const maildir = defineTransport({
  options: mailOptions,
  traits: { concurrency: 16, consumes: false },
  async open(uri, options, context) {
    checkMaildirUri(uri);
    requirePlaceholder(uri, options);
    const messages = new KnownHeaders();
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        const location = locateMaildir(uri, target);
        const wanted = fillPatterns(options, target);
        const asked = { target, location, wanted, messages, options, context };
        return lookInto(location.base, signal, () => fetchNewest(asked, signal));
      },
    };
  },
});

interface Asked {
  readonly target: Target;
  readonly location: MaildirLocation;
  readonly wanted: WantedMessages;
  readonly messages: KnownHeaders;
  readonly options: MailOptions;
  readonly context: OpenContext;
}

/** A message is renamed when its flags change, perhaps just when we open it. */
const looks = 4;

async function fetchNewest(asked: Asked, signal: AbortSignal): Promise<Delivery> {
  const { location, wanted, messages, options, context } = asked;
  const mailbox = {
    list: () => listFitting(asked, signal),
    nothing: `no ${describeWanted(wanted)} in ${location.path}`,
    nameOf: ({ entry }: MaildirMessage) => `message ${entry.name}`,
    originOf: nameMessage,
    read: (found: MaildirMessage) => read(found, context.maxOutputBytes, signal),
    looks,
  };
  const { host } = asked.target;
  const choosing = chooseMessage(mailbox, context, { host, signal });
  const chosen = await choosing.catch((error: unknown) => {
    throw asCourierError(error, `reading ${location.path}`);
  });
  const { message: found, output, passedOver } = chosen;
  return {
    output,
    origin: `${nameMessage(found)} (${describeTimes(found)})`,
    producedAt: producedAt(found),
    passedOver,
    async acknowledge() {
      const task = { location, wanted, older: options.mailOlder, messages };
      const count = await tidyOlder(task, found, context.signal);
      if (count > 0) context.log.debug({ count }, 'older messages cleaned up');
    },
  };
}

function nameMessage({ entry }: MaildirMessage): string {
  return `message ${cleanText(entry.path, 200).replace(/[{}]/g, '')}`;
}

async function* listFitting(
  { location, wanted, messages }: Asked,
  signal: AbortSignal,
): AsyncGenerator<MaildirMessage | 'gone'> {
  const entries = await listEntries(location);
  for await (const page of findPages(entries, wanted, messages, signal)) {
    if (page.isStale) yield 'gone';
    yield* newestFirst(page.found);
  }
}

async function read(
  found: MaildirMessage,
  maxOutputBytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const message = await withFile(found.entry.path, (file) =>
    readMessage(file, maxOutputBytes, signal),
  );
  return typeof message === 'string' ? undefined : message;
}

async function readMessage(
  file: OpenFile,
  maxOutputBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { sizeBytes } = file;
  if (sizeBytes <= largestMessage(maxOutputBytes)) return file.read(sizeBytes, signal);
  const why = `it has ${sizeBytes} bytes, too many for ${maxOutputBytes} of output`;
  throw new CourierError('TOO_LARGE', why);
}
