/** The log of fetches in a process that fetches all the time: what is usual is not said. */

import type { Logger } from '../logging/log.ts';

/** The same log, with what others say as info said only to those who debug. */
export function toQuietLog(log: Logger): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.debug(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    child: (fields) => toQuietLog(log.child(fields)),
  };
}
