/** Asks a stream for the last message of one subject. */

import type { StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { CourierError } from '../../faults/errors.ts';
import { asNatsFault } from '../../nats/faults.ts';
import type { NatsSession } from '../../nats/session.ts';
import { untilAborted } from '../../system/until-aborted.ts';

/** Which stream is asked, and whom of those who have a copy. */
export interface AskedStream {
  readonly stream: string;
  readonly leader: boolean;
}

interface Question {
  readonly subject: string;
  readonly stream: string;
  readonly timeoutMs: number;
}

/**
 * The last message of a subject; null when there is none.
 *
 * @throws CourierError, the signal's reason included
 */
export async function readLast(
  subject: string,
  session: NatsSession,
  { stream, leader }: AskedStream,
  signal: AbortSignal,
): Promise<StoredMsg | null> {
  const connection = await session.connection(signal);
  const doing = `asking ${session.shown} for stream ${stream}`;
  const question = { subject, stream, timeoutMs: session.answerTimeoutMs / 2 };
  const asking = leader ? askLeader(connection, question) : askAny(connection, question);
  try {
    return await untilAborted(asking, signal);
  } catch (error) {
    signal.throwIfAborted();
    const lost = connection.isClosed() ? await connection.closed() : undefined;
    // Why it ended says more than that it has.
    const fault = asNatsFault(lost instanceof CourierError ? lost : error, doing);
    if (fault.code === 'TIMEOUT') await session.discardIfSilent(connection);
    throw fault;
  }
}

/**
 * Whoever has a copy. A server says nothing where there is no such stream or no direct access
 * (nats.md#streams): the leader is asked then, and says why.
 */
async function askAny(connection: NatsConnection, question: Question): Promise<StoredMsg | null> {
  try {
    const found = await (await manage(connection, question)).direct.getMessage(question.stream, {
      last_by_subj: question.subject,
    });
    return requireSubject(found, question);
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    return askLeader(connection, question).catch((other: unknown) => {
      // One who may read directly only is not told that it may not do the other thing.
      throw asNatsFault(other, '').code === 'REFUSED' ? error : other;
    });
  }
}

async function askLeader(
  connection: NatsConnection,
  question: Question,
): Promise<StoredMsg | null> {
  const found = await (await manage(connection, question)).streams.getMessage(question.stream, {
    last_by_subj: question.subject,
  });
  return requireSubject(found, question);
}

/** No question ahead of the question: the answer says all that this would. */
async function manage(connection: NatsConnection, { timeoutMs }: Question) {
  const { jetstreamManager } = await import('@nats-io/jetstream');
  return jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
}

function requireSubject(found: StoredMsg | null, { subject, stream }: Question): StoredMsg | null {
  if (found === null || found.subject === subject) return found;
  throw new CourierError('PEER', `the stream ${stream} answers with output of another subject`);
}

/** Whether a question got no answer, in time or at all. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ['TimeoutError', 'NoResponders'].includes(error.name) || isUnanswered(error.cause);
}
