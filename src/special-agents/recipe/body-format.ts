/** How the body of an answer is to be read. */

import type { ParseAs } from './schema.ts';
import type { Reply } from './step.ts';
import type { BodyFormat } from './thread/messages.ts';

/** As the recipe says, else as the answer does. */
export function toFormat(parse: ParseAs | undefined, { headers = {} }: Reply): BodyFormat {
  if (parse === undefined || parse === 'auto') {
    return { kind: 'auto', contentType: headers['content-type'] ?? '' };
  }
  if (parse === 'csv') return { kind: 'csv', separator: ',' };
  if (typeof parse === 'string') return { kind: parse };
  if ('csv' in parse) return { kind: 'csv', separator: parse.csv.separator };
  return { kind: 'regex', pattern: parse.regex, flags: parse.flags ?? '' };
}
