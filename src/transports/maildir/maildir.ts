/** `maildir:`: the newest fitting message in a Maildir. */

import { CourierError, cleanText, prefixError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { extractOutput, largestMessage } from '../../mail/mime.ts';
import { type MailOptions, mailOptions, requirePlaceholder } from '../../mail/options.ts';
import { describeWanted, fillPatterns, type Wanted } from '../../mail/patterns.ts';
import { describeTimes, producedAt } from '../../mail/times.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { type OpenFile, withFile } from './file-system.ts';
import { type Found, findNewest } from './find.ts';
import { listEntries } from './list.ts';
import { checkLocation, type Location, locate } from './location.ts';
import { tidyOlder } from './tidy.ts';

export const maildir = defineTransport({
  options: mailOptions,
  traits: { concurrency: 16, consumes: false },
  async open(uri, options, context) {
    checkLocation(uri);
    requirePlaceholder(uri, options);
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        const location = locate(uri, target);
        const asked = { location, wanted: fillPatterns(options, target), options, context };
        return untilAborted(fetchNewest(asked, signal), signal);
      },
    };
  },
});

interface Asked {
  readonly location: Location;
  readonly wanted: Wanted;
  readonly options: MailOptions;
  readonly context: OpenContext;
}

async function fetchNewest(asked: Asked, signal: AbortSignal): Promise<Delivery> {
  const { location, wanted, options, context } = asked;
  const { found, message } = await readNewest(asked, signal).catch((error: unknown) => {
    throw asCourierError(error, `reading ${location.path}`);
  });
  const name = `message ${cleanText(found.entry.path, 200).replace(/[{}]/g, '')}`;
  const { maxOutputBytes } = context;
  const output = await extractOutput(message, maxOutputBytes, signal).catch((error: unknown) => {
    throw error instanceof CourierError && !signal.aborted ? prefixError(error, name) : error;
  });
  return {
    output,
    origin: `${name} (${describeTimes(found)})`,
    producedAt: producedAt(found),
    async acknowledge() {
      const task = { location, wanted, older: options.mailOlder };
      const count = await tidyOlder(task, found, context.signal);
      if (count > 0) context.log.debug({ count }, 'older messages cleaned up');
    },
  };
}

interface Read {
  readonly found: Found;
  readonly message: Buffer;
}

/** A message is renamed when its flags change, perhaps just when we open it. */
const looks = 4;

async function readNewest(asked: Asked, signal: AbortSignal): Promise<Read> {
  const { location, wanted, context } = asked;
  for (let look = 1; look <= looks; look += 1) {
    const entries = await listEntries(location);
    const { newest, isStale } = await findNewest(entries, wanted, signal);
    if (isStale && look < looks) continue;
    if (newest === undefined) {
      throw new CourierError('NO_OUTPUT', `no ${describeWanted(wanted)} in ${location.path}`);
    }
    const read = (file: OpenFile) => readMessage(file, newest, context.maxOutputBytes, signal);
    const message = await withFile(newest.entry.path, read);
    if (typeof message !== 'string') return { found: newest, message };
  }
  throw new CourierError('TIMEOUT', `messages in ${location.path} vanish before they are read`);
}

async function readMessage(
  file: OpenFile,
  { entry }: Found,
  maxOutputBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { sizeBytes } = file;
  if (sizeBytes <= largestMessage(maxOutputBytes)) return file.read(sizeBytes, signal);
  const why = `${entry.path} has ${sizeBytes} bytes, too many for ${maxOutputBytes} of output`;
  throw new CourierError('TOO_LARGE', why);
}
