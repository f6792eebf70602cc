/** The options of the nats transport. */

import { parseText } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { natsOptions } from '../../nats/options.ts';
import { defaultStream } from '../../nats/stream.ts';

export const sourceOptions = {
  stream: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseStream,
    fallback: defaultStream,
    describe: 'the stream that keeps the outputs',
  },
  leader: {
    kind: 'switch',
    describe: 'ask the leader of the stream; other copies of it may lag behind',
  },
  ...natsOptions,
} as const satisfies OptionTable;

export type SourceOptions = OptionValues<typeof sourceOptions>;

/** A name of a stream is a part of subjects and of paths of the server. */
function parseStream(raw: string): string {
  if (/^[^\s.*>/\\\p{Cc}]+$/u.test(parseText(raw))) return raw;
  throw new CourierError(
    'USAGE',
    `must be a name without blanks, dots and slashes, not ${quote(raw)}`,
  );
}
