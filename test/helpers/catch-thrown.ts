/** What must throw at once. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { CourierError } from '../../src/faults/errors.ts';

/** The CourierError a function throws; anything else fails the test. */
export function catchThrown(run: () => unknown): CourierError {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    if (error instanceof CourierError) return error;
    assert.fail(`threw something else than a CourierError: ${inspect(error)}`);
  }
  assert.fail(`returned instead of throwing: ${inspect(value, { depth: 1 })}`);
}
