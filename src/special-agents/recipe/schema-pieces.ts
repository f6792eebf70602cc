/** What the description of a recipe is put together from. */

import { z } from 'zod';
import { parsePositiveDuration } from '../../cli/option-types.ts';
import { CourierError } from '../../faults/errors.ts';

/** Each program reads one file once: making code for that takes longer than it saves. */
z.config({ jitless: true });

/** A text that `parse` accepts; the message of its error becomes the complaint. */
export function parsed<Value>(parse: (text: string) => Value, describe: string) {
  return z
    .string(`must be ${describe}`)
    .transform((text, context) => complaining(() => parse(text), context))
    .describe(describe);
}

export function complaining<Value>(parse: () => Value, context: z.RefinementCtx): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
}

export const word = z
  .string('must be a name')
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,79}$/, 'must be letters, digits and _, a letter first');
export const text = (describe: string) =>
  z.string('must be a text').min(1, 'must not be empty').describe(describe);
export const expression = text('an expression in JSONata');
export const template = z.string('must be a text').describe('a text with {parameter} in it');
export const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be a text or a number');
export const duration = parsed(parsePositiveDuration, 'a duration such as 10m');
export const yesOrNo = z.boolean('must be true or false');

/** Statuses of answers, one or a list of them. */
export function statusList(describe: string) {
  return z
    .union([z.int(), z.array(z.int()).min(1)], 'must be a status or a list of them')
    .transform((given) => (typeof given === 'number' ? [given] : given))
    .describe(describe);
}

/** How a step asks for one page after the other. */
export const pages = z
  .strictObject({
    next: expression.optional(),
    link: yesOrNo.describe('goes by the Link header: rel="next"').optional(),
    offset: z
      .strictObject({
        parameter: z.string(),
        limit: z.int().min(1),
        limitParameter: z.string().optional(),
      })
      .optional(),
    cursor: z.strictObject({ parameter: z.string(), from: expression }).optional(),
    records: expression.optional(),
  })
  .refine(
    ({ next, link, offset, cursor }) =>
      [next, link, offset, cursor].filter((way) => way !== undefined).length === 1,
    'must have one of next, link, offset and cursor',
  )
  .describe('how the next page is found');
