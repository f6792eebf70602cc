/** Why a request of a browser is not answered as it wishes: a status and words for the page. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';

const codes = {
  400: 'PEER',
  401: 'REFUSED',
  403: 'REFUSED',
  404: 'NO_OUTPUT',
  405: 'PEER',
  409: 'LOCAL',
  413: 'TOO_LARGE',
  421: 'REFUSED',
  429: 'LOCAL',
  500: 'INTERNAL',
  503: 'LOCAL',
} as const;

export type RefusalStatus = keyof typeof codes;

export class PageRefusal extends CourierError {
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, message: string, options?: ErrorOptions) {
    super(codes[status], message, options);
    this.status = status;
  }
}

/** What was not foreseen is told in the log, and not to the browser. */
export function asPageRefusal(thrown: unknown): PageRefusal {
  if (thrown instanceof PageRefusal) return thrown;
  const cause = asCourierError(thrown, 'answering');
  return new PageRefusal(500, 'the page cannot be shown; the log says why', { cause });
}
