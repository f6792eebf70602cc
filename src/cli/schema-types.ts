/** Parts of schemas for files of ours: texts that a parser checks, and words that may be several. */

import { z } from 'zod';
import { CourierError } from '../faults/errors.ts';

/** Each program reads one file once: making code for that takes longer than it saves. */
z.config({ jitless: true });

/** A text that `parse` accepts; the message of its error becomes the complaint. */
export function parsed<Value>(parse: (text: string) => Value, describe: string) {
  return z
    .string(`must be ${describe}`)
    .transform((text, context) => complaining(() => parse(text), context))
    .describe(describe);
}

/** @param params `isSentence`: the complaint is a whole sentence and needs no key in front */
export function complaining<Value>(
  parse: () => Value,
  context: z.RefinementCtx,
  params = {},
): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    context.addIssue({ code: 'custom', message: error.message, params });
    return z.NEVER;
  }
}

/** One text or several. */
export function texts(describe: string) {
  return z
    .union([z.string(), z.array(z.string('must be text')).min(1)], `must be ${describe}`)
    .transform((given) => (typeof given === 'string' ? [given] : given))
    .describe(describe);
}
