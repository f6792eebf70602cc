/** What a server says of a stream and of a message, looked at before it is believed or shown. */

import { z } from 'zod';
import { CourierError } from '../faults/errors.ts';

const count = z.int().nonnegative();
const limit = z.number().optional();
const word = z.string().optional();

/** What is read of a stream; all else is only asked whether it is set. */
export const streamAnswer = z.looseObject({
  config: z.looseObject({
    subjects: z.array(z.string()).optional(),
    ...{ storage: word, retention: word, discard: word },
    allow_direct: z.boolean().optional(),
    num_replicas: count,
    // In nanoseconds, and so more than an integer holds from 104 days on.
    max_age: z.number().nonnegative().optional(),
    ...{ max_msgs_per_subject: limit, max_msgs: limit, max_bytes: limit },
    ...{ max_msg_size: limit, max_consumers: limit },
  }),
  state: z.looseObject({ messages: count, bytes: count, num_subjects: count.optional() }),
  cluster: z.looseObject({ leader: word }).nullish(),
});

export const messageAnswer = z.looseObject({ subject: z.string(), seq: z.int().positive() });

/**
 * What the library makes of an answer, which it reads without a look at what is there.
 *
 * @param shown the servers
 * @throws CourierError PEER, beside what `asking` rejects with
 */
export async function readSound<Answer>(
  asking: Promise<Answer>,
  schema: z.ZodType | undefined,
  shown: string,
): Promise<Answer> {
  const unreadable = (what: string, cause: unknown) =>
    new CourierError('PEER', `${shown} gives an answer that nobody can read${what}`, { cause });
  const answer = await asking.catch((error: unknown) => {
    throw isOfReading(error) ? unreadable('', error) : error;
  });
  const error = schema?.safeParse(answer).error;
  if (error === undefined) return answer;
  const [issue] = error.issues;
  const what = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
  throw unreadable(what, error);
}

/** JSON, Base64 and fields that are not there. */
export function isOfReading(error: unknown): boolean {
  return [TypeError, SyntaxError, DOMException].some((kind) => error instanceof kind);
}
