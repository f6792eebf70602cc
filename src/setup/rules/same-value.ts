/** Whether what a site tells of a rule is what we would have written. */

import type { PythonValue } from '../python-literal/values.ts';
import { writePythonLiteral } from '../python-literal/write.ts';

/** A site writes literals in its own way: other quotes, other escapes. */
export function isSameValue(told: string, wanted: PythonValue): boolean {
  if (told === writePythonLiteral(wanted)) return true;
  return typeof wanted === 'string' && readString(told.trim()) === wanted;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** A text as Python writes it with `repr`; undefined for anything else. */
function readString(literal: string): string | undefined {
  const [, , inner] = /^(['"])((?:[^\\\n]|\\.)*)\1$/.exec(literal) ?? [];
  return inner?.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|(.))/g,
    (_, x?: string, u?: string, long?: string, one = '') => {
      const hex = x ?? u ?? long;
      return hex === undefined
        ? (escapes[one] ?? one)
        : String.fromCodePoint(Number.parseInt(hex, 16));
    },
  );
}
