/** A log that keeps what is said, word for word and with all fields, secrets not struck out. */

import { inspect } from 'node:util';
import type { Logger } from '../../src/logging/log.ts';

export interface CollectingLog extends Logger {
  /** `level message fields`, one text a record, oldest first. */
  readonly lines: readonly string[];
}

export function makeCollectingLog(): CollectingLog {
  return collectInto([], {});
}

function collectInto(lines: string[], always: object): CollectingLog {
  const say = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${inspect({ ...always, ...fields }, { depth: 8 })}`);
  };
  return {
    lines,
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    child: (fields) => collectInto(lines, { ...always, ...fields }),
  };
}
