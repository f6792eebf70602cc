/** Bodies that the parser cannot read to their end: the request's own answer says so. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusal } from './refusal.ts';

interface Current {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Why the rest of the body will not arrive. */
  refusal?: Refusal;
  /** Ends the reading, once it has begun. */
  interrupt?: (refusal: Refusal) => void;
}

/** The latest request of each connection. */
const current = new WeakMap<Socket, Current>();

/** To be called with every request, before anything is done for it. */
export function watchRequest(request: IncomingMessage, response: ServerResponse): void {
  current.set(request.socket, { request, response });
}

/**
 * Tells the request whose body is under way that it is damaged.
 *
 * @returns false when there is none: then nobody will answer for it
 */
export function interruptBody(socket: Socket, refusal: Refusal): boolean {
  const latest = current.get(socket);
  if (latest === undefined || latest.request.complete) return false;
  if (!latest.response.headersSent) latest.response.setHeader('connection', 'close');
  latest.refusal = refusal;
  latest.interrupt?.(refusal);
  return true;
}

/** Why the body of a request is known to be damaged, before anybody reads it. */
export function findDamage({ socket }: IncomingMessage): Refusal | undefined {
  return current.get(socket)?.refusal;
}

/** Calls `interrupt` when the body turns out to be damaged; what comes back ends that. */
export function onInterruption(
  { socket }: IncomingMessage,
  interrupt: (refusal: Refusal) => void,
): () => void {
  const latest = current.get(socket);
  if (latest !== undefined) latest.interrupt = interrupt;
  return () => {
    delete latest?.interrupt;
  };
}
