/** What can go wrong on the way of an answer, on purpose. */

import type { ServerResponse } from 'node:http';

/** The kinds of requests that can be spoilt. */
export type UpdatePath = 'root' | 'check' | 'target' | 'package' | 'report' | 'register';

export type UpdateFault =
  /** One bit of the body is another: of the byte `at`, or of the middle one. */
  | { readonly kind: 'flip'; readonly at?: number }
  /** The connection ends before all that was announced has come. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** Less than there is, announced as if it were all. */
  | { readonly kind: 'cut'; readonly to: number }
  /** Bytes that never end, without a length. */
  | { readonly kind: 'endless' }
  /** A byte at a time, or a few. */
  | { readonly kind: 'slow'; readonly everyMs: number; readonly bytes?: number }
  /** Head and nothing more, or not even that. */
  | { readonly kind: 'silence'; readonly withHead?: boolean }
  /** The connection ends before an answer. */
  | { readonly kind: 'close' }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS?: number }
  /** Something else in the place of the body; what was to be answered is handed in. */
  | { readonly kind: 'replace'; readonly with: Buffer | ((body: Buffer) => Buffer) };

const endlessChunk = Buffer.alloc(64 * 1024, 'x');

type Sender<Fault> = (response: ServerResponse, body: Buffer, fault: Fault) => void;

const senders: {
  readonly [Kind in UpdateFault['kind']]: Sender<Extract<UpdateFault, { kind: Kind }>>;
} = {
  flip: (response, body, { at = body.length >> 1 }) => sendWhole(response, flip(body, at)),
  cut: (response, body, { to }) => sendWhole(response, body.subarray(0, to)),
  replace: (response, body, fault) =>
    sendWhole(response, typeof fault.with === 'function' ? fault.with(body) : fault.with),
  truncate: (response, body, { after }) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, after), () => response.socket?.end());
  },
  endless: sendForEver,
  slow: drip,
  silence: (response, _body, { withHead = false }) => {
    if (withHead) response.writeHead(200, { 'content-length': 100 }).flushHeaders();
  },
  close: (response) => response.socket?.destroy(),
  redirect: (response, _body, { to }) =>
    response.writeHead(302, { location: to, 'content-length': 0 }).end(),
  status: (response, _body, { status, retryAfterS }) => sendFailure(response, status, retryAfterS),
};

/** Answers with a body, the way the fault says. */
export function answerWrong<Kind extends UpdateFault['kind']>(
  response: ServerResponse,
  body: Buffer,
  fault: Extract<UpdateFault, { kind: Kind }>,
): void {
  const send: Sender<Extract<UpdateFault, { kind: Kind }>> = senders[fault.kind];
  send(response, body, fault);
}

export function sendWhole(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-length': body.length }).end(body);
}

export function sendFailure(response: ServerResponse, status: number, retryAfterS?: number): void {
  const body = `refused with ${status} (REFUSED)\n`;
  if (retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
  response.writeHead(status, { 'content-length': body.length }).end(body);
}

function flip(body: Buffer, at: number): Buffer {
  const spoilt = Buffer.from(body);
  spoilt[at] = (spoilt[at] ?? 0) ^ 1;
  return spoilt;
}

function sendForEver(response: ServerResponse): void {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(endlessChunk));
  };
  response.on('drain', more);
  more();
}

function drip(
  response: ServerResponse,
  body: Buffer,
  { everyMs, bytes = 1 }: Extract<UpdateFault, { kind: 'slow' }>,
): void {
  response.writeHead(200, { 'content-length': body.length });
  let at = 0;
  const timer = setInterval(() => {
    if (response.destroyed || at >= body.length) {
      clearInterval(timer);
      response.end();
      return;
    }
    response.write(body.subarray(at, at + bytes));
    at += bytes;
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}
