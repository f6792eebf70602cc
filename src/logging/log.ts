/** The program's log: silent, readable lines on stderr (`-v`), or more of them (`--debug`). */

import { cleanText } from '../faults/errors.ts';
import { redactSecrets } from '../faults/redaction.ts';

/** What the parts of the program may say. Field names: host, transport, code, attempt, durationMs. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type Verbosity = 'silent' | 'info' | 'debug';

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  child: () => silent,
};

/**
 * Makes the log. pino is loaded only when there is something to say: a site runs us every
 * minute for every host and drops stderr of a success.
 */
export async function makeLogger(
  verbosity: Verbosity,
  writeError: (text: string) => void,
): Promise<Logger> {
  if (verbosity === 'silent') return silent;
  const { pino } = await import('pino');
  const destination = { write: (json: string) => writeError(`${toReadableLine(json)}\n`) };
  const logger: Logger = pino({ level: verbosity, base: null }, destination);
  return logger;
}

const levelNames: Readonly<Record<string, string>> = { 20: 'debug', 30: 'info', 40: 'warn' };

/** One log record as a line for people: `12:00:01.234 info web01: fetched durationMs=3`. */
function toReadableLine(json: string): string {
  const record: Record<string, unknown> = JSON.parse(json);
  const { level, time, msg, host, ...rest } = record;
  const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${toText(value)}`);
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const start = `${clock} ${levelNames[String(level)] ?? level}`;
  return cleanText(`${start}${host ? ` ${host}` : ''}: ${msg}${fields.join('')}`, 2000);
}

function toText(value: unknown): string {
  return redactSecrets(typeof value === 'string' ? value : JSON.stringify(value));
}
