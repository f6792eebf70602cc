/** Whether what a site tells of a rule is what we would have written. */

import { CourierError } from '../../faults/errors.ts';
import { readPythonLiteral } from '../python-literal/read.ts';
import type { PythonValue } from '../python-literal/values.ts';
import { writePythonLiteral } from '../python-literal/write.ts';

/** A site writes literals in its own way: other quotes, other escapes. */
export function isSameValue(told: string, wanted: PythonValue): boolean {
  try {
    return writePythonLiteral(readPythonLiteral(told)) === writePythonLiteral(wanted);
  } catch (error) {
    // Whatever else it is, it is not ours.
    if (error instanceof CourierError) return false;
    throw error;
  }
}
