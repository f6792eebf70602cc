/** Why a request is not served: status, code and the word the metrics count it under. */

import { CourierError, cleanText, type FaultCode, faults } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';

/** Every reason, as `/metrics` and the log name it. */
export const refusals = {
  malformed: { status: 400, code: 'MALFORMED' },
  'bad-request': { status: 400, code: 'USAGE' },
  'no-certificate': { status: 400, code: 'REFUSED' },
  'bad-certificate': { status: 400, code: 'REFUSED' },
  'other-uuid': { status: 400, code: 'REFUSED' },
  unauthenticated: { status: 401, code: 'REFUSED' },
  forbidden: { status: 403, code: 'REFUSED' },
  'not-registered': { status: 403, code: 'REFUSED' },
  'not-found': { status: 404, code: 'USAGE' },
  'wrong-method': { status: 405, code: 'USAGE' },
  'too-slow': { status: 408, code: 'TIMEOUT' },
  gone: { status: 410, code: 'REFUSED' },
  'too-large': { status: 413, code: 'TOO_LARGE' },
  'unknown-encoding': { status: 415, code: 'USAGE' },
  'unknown-expectation': { status: 417, code: 'USAGE' },
  invalid: { status: 422, code: 'USAGE' },
  'needs-tls': { status: 426, code: 'REFUSED' },
  'too-many': { status: 429, code: 'REFUSED' },
  'header-too-large': { status: 431, code: 'TOO_LARGE' },
  internal: { status: 500, code: 'INTERNAL' },
  'centre-away': { status: 502, code: 'UNREACHABLE' },
  'switched-off': { status: 501, code: 'USAGE' },
  overloaded: { status: 503, code: 'LOCAL' },
  draining: { status: 503, code: 'LOCAL' },
  storage: { status: 503, code: 'LOCAL' },
} as const satisfies Record<string, { readonly status: number; readonly code: FaultCode }>;

export type Reason = keyof typeof refusals;

interface RefusalOptions extends ErrorOptions {
  /** When another attempt makes sense; for 429 and 503. */
  readonly retryAfterS?: number;
}

/**
 * A request that is answered with an error, because of the request itself or because we are full.
 */
export class Refusal extends CourierError {
  readonly reason: Reason;
  readonly retryAfterS: number | undefined;

  constructor(reason: Reason, message: string, options: RefusalOptions = {}) {
    super(refusals[reason].code, message, options);
    this.reason = reason;
    this.retryAfterS = options.retryAfterS;
  }

  get status(): number {
    return refusals[this.reason].status;
  }

  /** Headers that belong to the status. */
  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    if (this.retryAfterS !== undefined) headers['retry-after'] = String(this.retryAfterS);
    if (this.status === 426) headers['upgrade'] = 'TLS/1.2, HTTP/1.1';
    if (this.status === 401) headers['www-authenticate'] = 'Basic realm="cmk-courier"';
    return headers;
  }
}

/** How long a sender should wait when our disk is full or a file of ours is broken. */
export const storageRetryS = 60;

/** What a sender is told when the full message names files of ours, and stays in our log. */
const replacements: Partial<Record<Reason, string>> = {
  internal: 'something went wrong here',
  storage: 'the output cannot be stored at the moment',
};

/** Any fault as a refusal: what is wrong here becomes 503, a bug of ours 500. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const reason: Reason = error instanceof CourierError ? faults[error.code].refusal : 'internal';
  const message = replacements[reason] ?? asCourierError(error, 'answering').message;
  const retry = reason === 'storage' ? { retryAfterS: storageRetryS } : {};
  return new Refusal(reason, message, { cause: error, ...retry });
}

/** The line the sender gets: as on stderr, without the program's name. */
export function refusalLine(refusal: Refusal): string {
  return `${cleanText(refusal.message, 280)} (${refusal.code})`;
}
