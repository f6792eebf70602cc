/** One request and its answer, as the routes see them. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** What is logged about a request besides its answer; filled in as it becomes known. */
export interface Note {
  host?: string;
  /** The host whose agent is to be updated; what is refused there is nothing about its output. */
  updatesOf?: string;
  /** Who sent it, such as `token 1a2b…` or `certificate <uuid>`. */
  by?: string;
  /** Of the body as it was sent. */
  bytes?: number;
  /** What somebody should look at, though the request was served; the line's text. */
  warning?: string;
  /** What is good news, and worth a line though nobody needs to look. */
  news?: string;
  /** Why output that was served is not kept. */
  dropped?: string;
  /** What some version of the site drops of the output, in words. */
  losses?: string;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of the URL, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Where it comes from. */
  readonly address: string;
  readonly note: Note;
  /** Set by a route that every host asks for all the time. */
  isRoutine: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body?: string | Buffer | Readable;
  /** Of a stream, in bytes. */
  readonly length?: number;
  readonly type?: 'application/json' | 'text/plain' | 'application/octet-stream';
  /** Beside those that belong to the rest; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (exchange: Exchange) => Promise<Answer>;

export const noContent: Answer = { status: 204 };

/** 200 with an object, as every endpoint of the agent receiver answers. */
export function jsonAnswer(content: object): Answer {
  return { status: 200, body: JSON.stringify(content), type: 'application/json' };
}

export function addressOf(request: IncomingMessage): string {
  return addressOfSocket(request.socket);
}

/** IPv4 in its own spelling, also when it comes through an IPv6 socket. */
export function addressOfSocket(socket: Socket): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=[\d.]+$)/, '');
}
