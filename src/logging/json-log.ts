/** The receiver's log: one JSON record a line on stderr. */

import { pino } from 'pino';
import { systemClock } from '../clock.ts';
import { redactSecrets } from '../faults/redaction.ts';
import type { Logger } from './log.ts';

/** @param level what is said at least */
export function makeJsonLog(level: 'info' | 'debug', write: (text: string) => void): Logger {
  const destination = { write: (line: string) => write(redactSecrets(line)) };
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(systemClock.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, destination);
}
