/** What JetStream answers, and its faults in our words. */

import { CourierError, quote } from '../faults/errors.ts';
import { asNatsFault } from './faults.ts';
import { splitHeaders } from './header-lines.ts';
import type { HeaderLines } from './message.ts';

export interface StreamError {
  readonly code: number | undefined;
  /** Which fault it is; some servers leave it out. */
  readonly err_code: number | undefined;
  readonly description: string | undefined;
}

/** An answer to a message that was published, or to the question for one. */
export interface StreamAnswer {
  readonly error: StreamError | undefined;
  readonly seq: number | undefined;
  readonly duplicate: boolean | undefined;
  readonly message: ReadMessage | undefined;
}

/** A message that was asked for. */
export interface ReadMessage {
  readonly subject: string;
  readonly seq: number;
  readonly headers: HeaderLines;
  readonly storedAt: Date;
  /** In the message as it is stored. */
  readonly bytes: number;
}

/**
 * Reads an answer without a belief in its shape.
 *
 * @throws CourierError PEER
 */
export function readAnswer(data: Uint8Array): StreamAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
  } catch (error) {
    throw new CourierError('PEER', 'the broker answered something else than JSON', {
      cause: error,
    });
  }
  return {
    error: readError(fieldOf(answer, 'error')),
    seq: asSequence(fieldOf(answer, 'seq')),
    duplicate: fieldOf(answer, 'duplicate') === true,
    message: readMessage(fieldOf(answer, 'message')),
  };
}

function readError(error: unknown): StreamError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  return {
    code: asNumber(fieldOf(error, 'code')),
    err_code: asNumber(fieldOf(error, 'err_code')),
    description: asText(fieldOf(error, 'description')),
  };
}

function readMessage(message: unknown): StreamAnswer['message'] {
  const [seq, subject] = [asSequence(fieldOf(message, 'seq')), asText(fieldOf(message, 'subject'))];
  if (seq === undefined || subject === undefined) return undefined;
  const headers = readHeaders(Buffer.from(asText(fieldOf(message, 'hdrs')) ?? '', 'base64'));
  const storedAt = new Date(asText(fieldOf(message, 'time')) ?? Number.NaN);
  const bytes = Buffer.byteLength(asText(fieldOf(message, 'data')) ?? '', 'base64');
  return { subject, seq, headers, storedAt, bytes };
}

/** `NATS/1.0`, then a header a line. */
function readHeaders(block: Buffer): HeaderLines {
  const lines = block.toString().split('\r\n').slice(1);
  return splitHeaders(lines).map(([name, value]) => [name, [value]] as const);
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Reflect.get(value, name);
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Numbers of messages begin at 1; no server comes to one that a double does not hold. */
function asSequence(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What is too large for the stream or the server (err_code of the server). */
const tooLarge: ReadonlySet<number> = new Set([10054]);
const streamNotFound = 10059;
const wrongStream = 10060;

/**
 * What the server refuses, as a fault of ours. Everything that a broker says while it elects a
 * leader, is full or has just been started is PEER, and may pass.
 */
export function asRefusedWrite(error: StreamError, stream: string): CourierError {
  const { err_code: code = 0, description = 'no reason given' } = error;
  if (tooLarge.has(code)) {
    return new CourierError('TOO_LARGE', `the stream ${stream} refuses it: ${quote(description)}`);
  }
  if (code === streamNotFound) {
    const hint = '`cmk-courier broker init` makes it';
    return new CourierError('PEER', `the broker has no stream ${stream}; ${hint}`);
  }
  if (code === wrongStream) {
    const why = `another stream than ${stream} takes outputs of this site`;
    return new CourierError('CONFIG', why);
  }
  return new CourierError('PEER', `the broker refuses it: ${quote(description)}`);
}

/** What kept an answer from coming, as a fault of ours. */
export function asMissedAnswer(error: unknown, stream: string): CourierError {
  const isLate = error instanceof Error && /^TimeoutError$/.test(nameOf(error));
  if (!isLate) return asNatsFault(error, `asking for the stream ${stream}`);
  const what = `the broker did not answer for the stream ${stream} in time`;
  return new CourierError('TIMEOUT', what, { cause: error });
}

function nameOf({ name, cause }: Error): string {
  return name === 'RequestError' && cause instanceof Error ? cause.name : name;
}
