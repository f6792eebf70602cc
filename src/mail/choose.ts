/** Which of the messages that fit is delivered, and what of it. */

import { CourierError } from '../faults/errors.ts';
import { type Choice, type Chosen, chooseNewest } from '../transports/candidates.ts';
import type { AskedFor, OpenContext, PassedOver } from '../transports/transport.ts';
import { type Extracted, extractOutput } from './mime.ts';

/** Messages in a mailbox, and how they are read. */
interface Mailbox<Message> extends Pick<Choice<Message, Extracted>, 'nameOf' | 'originOf'> {
  /** Messages that fit, the newest first; `gone` where one was moved before it was read. */
  readonly list: () => AsyncIterable<Message | 'gone'>;
  /** What to say when none fits. */
  readonly nothing: string;
  /** All of one; undefined when it is no longer there. */
  readonly read: (message: Message) => Promise<Buffer | undefined>;
  /** How often it is listed at most, when messages are gone before they are read. */
  readonly looks: number;
}

/** A message that is delivered. */
interface ChosenMessage<Message> {
  readonly message: Message;
  readonly output: Buffer;
  /** Newer messages; and attachments of this one, where its output is none. */
  readonly passedOver: PassedOver;
}

/**
 * The newest message that has agent output, and that output.
 *
 * @throws CourierError NO_OUTPUT when none fits; that of the newest where none can be read; the
 * signal's reason
 */
export async function chooseMessage<Message>(
  mailbox: Mailbox<Message>,
  context: OpenContext,
  asked: AskedFor,
): Promise<ChosenMessage<Message>> {
  for (let look = 1; ; look += 1) {
    const chosen = await chooseOnce(mailbox, look === mailbox.looks, context, asked);
    if (chosen !== 'look again') return toMessage(chosen, mailbox, context);
  }
}

/** @param isLast what is gone is left out then, and whatever else there is has to do */
async function chooseOnce<Message>(
  { list, read, nameOf, originOf, nothing }: Mailbox<Message>,
  isLast: boolean,
  context: OpenContext,
  asked: AskedFor,
): Promise<Chosen<Message, Extracted> | 'look again'> {
  let isStale = false;
  const isOver = () => isStale && !isLast;
  const candidates = async function* () {
    for await (const message of list()) {
      if (message === 'gone') isStale = true;
      if (isOver()) return;
      if (message !== 'gone') yield message;
    }
  };
  const readOutput = async (message: Message): Promise<Extracted> => {
    const bytes = await read(message);
    if (bytes !== undefined) return extractOutput(bytes, context, asked);
    isStale = true;
    throw new CourierError('TIMEOUT', 'it vanishes before it is read');
  };
  const choice = { nameOf, originOf, nothing, accepts: context.accepts, asked };
  try {
    const chosen = await chooseNewest({
      ...choice,
      candidates: candidates(),
      read: readOutput,
    });
    return isOver() ? 'look again' : chosen;
  } catch (error) {
    if (isOver() && !asked.signal.aborted) return 'look again';
    throw error;
  }
}

function toMessage<Message>(
  { item, got, objection, passedOver }: Chosen<Message, Extracted>,
  { nameOf }: Mailbox<Message>,
  { log }: OpenContext,
): ChosenMessage<Message> {
  const { output, passedOver: attachments } = got;
  if (objection !== undefined) {
    return { message: item, output, passedOver: [...attachments, ...passedOver] };
  }
  if (attachments.length > 0) {
    log.info({ attachments }, `${nameOf(item)} has other attachments`);
  }
  return { message: item, output, passedOver };
}
