/** Runs a handler, answers whatever comes of it, and says so in one line of the log. */

import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import { letLinger } from './body.ts';
import { type Answer, addressOf, type Exchange, type Note } from './exchange.ts';
import { watchRequest } from './interruption.ts';
import type { Metrics } from './metrics.ts';
import { asRefusal, type Refusal, refusalLine } from './refusal.ts';
import type { RefusalLines } from './refusal-lines.ts';
import type { Style } from './routes.ts';

export interface Answering {
  readonly clock: Clock;
  readonly log: Logger;
  readonly refusalLines: RefusalLines;
  readonly metrics: Metrics;
  /** Called for each request that begins; what it returns, at its end. */
  readonly track: () => () => void;
  /** Where a request comes from, past proxies. */
  readonly senderOf: (request: IncomingMessage) => string;
  /** Takes down what is refused to a host. */
  readonly noteRefusal: (exchange: Exchange, refusal: Refusal) => void;
  /** Whether successes of what every host does all the time are logged. */
  readonly logsRoutine: boolean;
}

type Work = (exchange: Exchange) => Promise<Answer>;

/** Never rejects. */
export async function answer(
  { clock, log, refusalLines, metrics, track, senderOf, noteRefusal, logsRoutine }: Answering,
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  style: Style,
  work: Work,
): Promise<FastifyReply> {
  // What failed since the sender is gone has nobody to tell it to, and no end would be heard of.
  if (reply.raw.closed) return reply;
  watchRequest(request.raw, reply.raw);
  const startedAt = clock.monotonic();
  // The request is over when the answer is on its way, or the sender is gone.
  reply.raw.once('close', track());
  const note: Note = {};
  const exchange: Exchange = {
    request: request.raw,
    response: reply.raw,
    params: toTexts(request.params),
    address: senderOf(request.raw),
    note,
    isRoutine: false,
  };
  const result = await outcomeOf(work, exchange);
  const status = send(reply, style, result);
  letLinger(request.raw);
  const refusal = 'refusal' in result ? result.refusal : undefined;
  metrics.countRequest(refusal?.reason);
  if (refusal !== undefined) noteRefusal(exchange, refusal);
  const isGrave = note.warning !== undefined || status >= 500;
  if (!isGrave && !logsRoutine && isRoutine(exchange, refusal)) return reply;
  const durationMs = Math.round((clock.monotonic() - startedAt) * 10) / 10;
  const fields = { ...toFields(exchange), status, durationMs, ...toReason(refusal) };
  const text = note.warning ?? refusal?.message ?? note.news ?? note.dropped ?? 'served';
  const { address } = exchange;
  if (refusal !== undefined) refusalLines.tell({ address, fields, message: text, isGrave });
  else if (isGrave) log.warn(fields, text);
  else log.info(fields, text);
  return reply;
}

/** Whether it is what every host does all the time, and nothing is to be said about it. */
function isRoutine(exchange: Exchange, refusal: Refusal | undefined): boolean {
  const { losses, dropped, news } = exchange.note;
  const isAsUsual = [losses, dropped, news].every((one) => one === undefined);
  return exchange.isRoutine && refusal === undefined && isAsUsual;
}

type Outcome = { readonly answer: Answer } | { readonly refusal: Refusal };

async function outcomeOf(work: Work, exchange: Exchange): Promise<Outcome> {
  try {
    return { answer: await work(exchange) };
  } catch (error) {
    return { refusal: asRefusal(error) };
  }
}

function send(reply: FastifyReply, style: Style, outcome: Outcome): number {
  if ('answer' in outcome) {
    const { status, body, length, type, headers } = outcome.answer;
    reply.code(status).headers(headers ?? {});
    if (length !== undefined) reply.header('content-length', length);
    if (type !== undefined) reply.type(type);
    reply.send(body);
    return status;
  }
  const { refusal } = outcome;
  reply.code(refusal.status).headers(refusal.headers);
  if (style === 'line') reply.type('text/plain; charset=utf-8').send(`${refusalLine(refusal)}\n`);
  else reply.type('application/json').send(JSON.stringify({ detail: refusalLine(refusal) }));
  return refusal.status;
}

function toTexts(params: unknown): Readonly<Record<string, string>> {
  if (typeof params !== 'object' || params === null) return {};
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}

/** The path without its query, where somebody might have put a secret. */
function toFields({ request, address, note }: Exchange): object {
  const { warning: _, dropped: __, news: ___, ...shown } = note;
  const [path = ''] = (request.url ?? '').split('?');
  const direct = addressOf(request);
  const proxy = direct === address ? {} : { proxy: direct };
  return { address, ...proxy, method: request.method, path: path.slice(0, 300), ...shown };
}

/** The cause of a fault of ours is told in the log only. */
function toReason(refusal: Refusal | undefined): object {
  if (refusal === undefined) return {};
  const { reason, cause } = refusal;
  if (refusal.status < 500 || !(cause instanceof Error)) return { reason };
  const stack = refusal.status === 500 ? { stack: cause.stack } : {};
  return { reason, cause: cause.message, ...stack };
}
