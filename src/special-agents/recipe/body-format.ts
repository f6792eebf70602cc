/** How the body of an answer is to be read. */

import type { HttpStep } from './schema.ts';
import type { Reply } from './step.ts';
import type { BodyFormat } from './thread/messages.ts';

/** As the recipe says, else as the answer does; what is said in a dialogue is lines of text. */
export function toFormat(
  { parse = 'auto', dialogue }: Pick<HttpStep, 'parse' | 'dialogue'>,
  { headers = {} }: Reply,
): BodyFormat {
  if (parse === 'auto' && dialogue !== undefined) return { kind: 'text' };
  if (parse === 'auto') {
    return { kind: 'auto', contentType: headers['content-type'] ?? '' };
  }
  if (parse === 'csv') return { kind: 'csv', separator: ',' };
  if (typeof parse === 'string') return { kind: parse };
  if ('csv' in parse) return { kind: 'csv', separator: parse.csv.separator };
  return { kind: 'regex', pattern: parse.regex, flags: parse.flags ?? '' };
}
