/** What a recipe says of a dialogue: types, checks and the schema for editors. */

import { z } from 'zod';
import { parsePositiveDuration } from '../../cli/option-types.ts';
import { CourierError } from '../../faults/errors.ts';
import { parsePattern } from './patterns.ts';

function parsed<Value>(parse: (text: string) => Value, describe: string) {
  return z
    .string(`must be ${describe}`)
    .transform((text, context) => {
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof CourierError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
        return z.NEVER;
      }
    })
    .describe(describe);
}

const pattern = parsed(parsePattern, 'a text, or a /regular expression/');
const duration = parsed(parsePositiveDuration, 'a duration such as 2s');
const template = z.string('must be a text').describe('a text with {parameter} in it');

/** What a peer says that does not let us in. */
export const phrases = z
  .array(pattern)
  .describe('what a peer says that does not let us in: texts or /regular expressions/');

const pager = z.strictObject({
  when: pattern.describe('what a pager asks'),
  send: z.string().default(' ').describe('what turns the page; no line end is added'),
});

/** Options of TLS by the names of the http transport. */
const tls = z
  .strictObject({
    ca: template.optional(),
    cert: template.optional(),
    key: template.optional(),
    keyPasswordFile: template.optional(),
    tlsPin: z.union([z.array(template), template]).optional(),
    tlsServerName: template.optional(),
    insecure: z.boolean().optional(),
  })
  .describe('of `tls:`, as of the http transport');

/** The keys that a dialogue has beside those of every step. */
export const dialogueKeys = {
  dialogue: template.describe('telnet://HOST:23, tcp://HOST:PORT or tls://HOST:PORT'),
  login: z
    .array(z.strictObject({ expect: pattern, send: template }))
    .optional()
    .describe('what is waited for and sent until the prompt comes'),
  refuse: phrases.optional(),
  prompt: pattern.optional().describe('the line without an end behind which we may speak'),
  end: pattern.optional().describe('a whole line that ends an answer, and is none of it'),
  quiet: duration.optional().describe('an answer ends when nothing has come for so long'),
  pager: z.union([pager, z.array(pager)]).optional(),
  before: z
    .array(template)
    .optional()
    .describe('sent ahead of all others; what they answer is lost'),
  ask: z.record(z.string().regex(/^[A-Za-z]\w{0,79}$/, 'must be a name'), template),
  logout: template.optional().describe('said at the end; nobody waits for an answer'),
  wrong: z.array(pattern).optional().describe('lines that say that a command was not understood'),
  encoding: z.enum(['utf-8', 'latin1']).optional(),
  enter: z.enum(['cr', 'lf', 'crlf']).optional().describe('what ends a line that is sent'),
  connectTimeout: duration.optional(),
  idleTimeout: duration.optional().describe('for how long a peer may say nothing'),
  tls: tls.optional(),
};

/** The same as a part of a step, which may ask otherwise. */
export const dialogueOfStep = z.object(dialogueKeys).partial();

const dialogueObject = z.object(dialogueKeys);

export type DialogueStep = z.output<typeof dialogueObject>;
