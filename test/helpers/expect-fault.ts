/** What must fail, and how. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { CourierError, type FaultCode } from '../../src/faults/errors.ts';

/** The CourierError a promise rejects with; anything else fails the test. */
export async function catchFault(promise: Promise<unknown>): Promise<CourierError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) {
    assert.fail(`resolved instead of rejecting: ${inspect(outcome.value, { depth: 1 })}`);
  }
  if (outcome.error instanceof CourierError) return outcome.error;
  assert.fail(`rejected with something else than a CourierError: ${inspect(outcome.error)}`);
}

/** The fault of that code a promise rejects with, its message as `message` says. */
export async function expectFault(
  promise: Promise<unknown>,
  code: FaultCode,
  message?: RegExp,
): Promise<CourierError> {
  const fault = await catchFault(promise);
  assert.equal(fault.code, code, `${fault.code} instead of ${code}: ${fault.message}`);
  if (message !== undefined) assert.match(fault.message, message);
  return fault;
}

/** Throws the fault that a call resolves with, where it tells one that way. */
export async function throwFault(told: Promise<CourierError | undefined>): Promise<void> {
  const fault = await told;
  if (fault !== undefined) throw fault;
}
