/** Headers of messages that were read before: what is in a Maildir never changes under its name. */

import { type MessageHeaders, parseHeaders } from '../../mail/headers.ts';
import { neverAborts } from '../../system/never-aborts.ts';
import { withFile } from './open-file.ts';

/** What is known of a message that has been delivered. */
interface Known {
  /** Undefined when they cannot be read: then it is somebody else's mail. */
  readonly headers: MessageHeaders | undefined;
  readonly modifiedMs: number;
}

/** Longer headers are cut: what is asked for stands at their start. */
const headerBytes = 64 * 1024;

/**
 * How many messages are remembered, with a few hundred bytes each; headers of others are read
 * again.
 */
const mostKept = 20_000;

/** In all that is kept of one message. */
const longestKept = 2000;

/** One read of so little is not worth ending, and others may wait for it. */

/** The headers read so far, shared by all fetches over one open transport. */
export class KnownHeaders {
  readonly #known = new Map<string, Promise<Known | 'gone' | 'not a file'>>();

  /** Reads the headers of a message once for all callers, unless it could not be read. */
  read(path: string): Promise<Known | 'gone' | 'not a file'> {
    const before = this.#known.get(path);
    if (before !== undefined) return before;
    const reading = readKnown(path);
    this.#known.set(path, reading);
    const forget = () => this.#known.delete(path);
    reading.then((known) => {
      if (typeof known === 'string' || isLong(known)) forget();
    }, forget);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKept && oldest !== undefined) this.#known.delete(oldest);
    return reading;
  }
}

function readKnown(path: string): Promise<Known | 'gone' | 'not a file'> {
  return withFile(path, async (file) => {
    const start = await file.read(headerBytes, neverAborts);
    const headers = await parseHeaders(start).catch(() => undefined);
    return { headers, modifiedMs: file.modifiedMs };
  });
}

function isLong({ headers }: Known): boolean {
  if (headers === undefined) return false;
  const { from, to, subject } = headers;
  return [...from, ...to, subject].join('').length > longestKept;
}
