/** A stream of JetStream that keeps the last message of each subject, as a writer uses it. */

import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { CourierError } from '../faults/errors.ts';
import {
  asMissedAnswer,
  asRefusedWrite,
  type ReadMessage,
  readAnswer,
  type StreamAnswer,
} from './answers.ts';
import { readPackedFor, readProduced } from './message.ts';
import type { LastValue, LastValues, Published, StreamValue } from './newest-writer.ts';
import { readOutputSubject } from './subjects.ts';

/** A message as it is published. */
export interface StreamMessage extends StreamValue {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface StreamUse {
  /** The connection, made anew when it was lost. */
  readonly connect: () => Promise<NatsConnection>;
  /** Lets go of a connection on which nobody answers any more. */
  readonly discardIfSilent: (connection: NatsConnection) => Promise<void>;
  readonly stream: string;
  /** Makes empty headers: the library is loaded by whoever has connected. */
  readonly makeHeaders: () => MsgHdrs;
}

/** For one question; a leader that died is missed for 4 to 8 s, so a writer asks again. */
const answerMs = 2500;

/** What the server says when the expected message is not the last one (nats.md#conflicts). */
const conflictCodes: ReadonlySet<number> = new Set([10071, 10164]);

export class JetStreamValues implements LastValues<StreamMessage> {
  readonly #use: StreamUse;

  constructor(use: StreamUse) {
    this.#use = use;
  }

  async publish(
    message: StreamMessage,
    expectedSequence: number,
    repeats: number,
  ): Promise<Published> {
    const headers = this.#toHeaders(message, expectedSequence, repeats);
    const connection = await this.#use.connect();
    requireSize(message, headers, connection);
    const answer = await this.#ask(connection, message, headers);
    const { error, seq, duplicate } = answer;
    if (error !== undefined && isConflict(error)) return { kind: 'conflict' };
    if (error !== undefined) throw asRefusedWrite(error, this.#use.stream);
    if (seq === undefined) throw new CourierError('PEER', 'the broker answered without a sequence');
    return duplicate === true ? { kind: 'repeated' } : { kind: 'stored', sequence: seq };
  }

  async last(subject: string): Promise<LastValue | undefined> {
    const { error, message } = await this.#get({ last_by_subj: subject });
    if (error?.err_code === noMessage) return undefined;
    if (error !== undefined) throw asRefusedWrite(error, this.#use.stream);
    if (message?.subject === subject) return toLastValue(message);
    throw new CourierError('PEER', 'the broker answered without a message');
  }

  async first(subject: string): Promise<LastValue | undefined> {
    const { message } = await this.#get({ seq: 1, next_by_subj: subject });
    // A server that does not know that question has a message of any subject for it.
    return message?.subject === subject ? toLastValue(message) : undefined;
  }

  async remove(sequence: number): Promise<void> {
    const { stream } = this.#use;
    const body = toBody({ seq: sequence, no_erase: true });
    const connection = await this.#use.connect();
    try {
      await this.#ask(connection, { subject: `$JS.API.STREAM.MSG.DELETE.${stream}`, body });
    } catch (error) {
      // Without the right to it the outputs of the host stay hidden, and go on being told.
      if (!(error instanceof CourierError) || error.code !== 'REFUSED') throw error;
    }
  }

  async #get(question: Readonly<Record<string, unknown>>): Promise<StreamAnswer> {
    const connection = await this.#use.connect();
    const subject = `$JS.API.STREAM.MSG.GET.${this.#use.stream}`;
    return this.#ask(connection, { subject, body: toBody(question) });
  }

  #toHeaders(message: StreamMessage, expectedSequence: number, repeats: number): MsgHdrs {
    const headers = this.#use.makeHeaders();
    for (const [name, value] of message.headers) headers.set(name, value);
    headers.set('Nats-Msg-Id', repeats === 0 ? message.id : `${message.id} ${repeats}`);
    headers.set('Nats-Expected-Stream', this.#use.stream);
    headers.set('Nats-Expected-Last-Subject-Sequence', String(expectedSequence));
    return headers;
  }

  async #ask(
    connection: NatsConnection,
    { subject, body }: Pick<StreamMessage, 'subject' | 'body'>,
    headers?: MsgHdrs,
  ): Promise<StreamAnswer> {
    const options = { timeout: answerMs, ...(headers && { headers }) };
    let answer: { readonly data: Uint8Array };
    try {
      answer = await connection.request(subject, body, options);
    } catch (error) {
      const fault = asMissedAnswer(error, this.#use.stream);
      if (fault.code === 'TIMEOUT') await this.#use.discardIfSilent(connection);
      throw fault;
    }
    return readAnswer(answer.data);
  }
}

const noMessage = 10037;

function toBody(question: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify(question));
}

function isConflict({ err_code: code, description }: NonNullable<StreamAnswer['error']>): boolean {
  if (code !== undefined && conflictCodes.has(code)) return true;
  return /^wrong last sequence/.test(description ?? '');
}

/** The library throws by itself, and does not say which setting it is about. */
function requireSize({ body }: StreamMessage, headers: MsgHdrs, connection: NatsConnection): void {
  const most = connection.info?.max_payload;
  const bytes = body.length + sizeOf(headers);
  if (most === undefined || bytes <= most) return;
  const what = `the message has ${bytes} bytes, the broker allows ${most} (max_payload)`;
  throw new CourierError('TOO_LARGE', what);
}

function sizeOf(headers: MsgHdrs): number {
  let bytes = 'NATS/1.0\r\n\r\n'.length;
  for (const [name, values] of headers) {
    for (const value of values) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 4;
  }
  return bytes;
}

/**
 * Of a time that nobody can read nothing is known: any output may take its place, and that of a message
 * which is another host's.
 */
function toLastValue({ subject, seq: sequence, headers, storedAt }: ReadMessage): LastValue {
  const packedFor = readPackedFor(headers);
  const isOthers = packedFor !== undefined && packedFor !== readOutputSubject(subject)?.host;
  if (isOthers) return { sequence, producedAt: undefined, digest: undefined };
  const { producedAt, digest } = readProduced({ headers, storedAt });
  return { sequence, producedAt: producedAt instanceof Date ? producedAt : undefined, digest };
}
