/** The log of fetches in a process that fetches all the time: it leaves out what is usual. */

import type { Logger } from '../logging/log.ts';

/** The same log with info lines turned into debug lines. */
export function toQuietLog(log: Logger): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.debug(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    child: (fields) => toQuietLog(log.child(fields)),
  };
}
