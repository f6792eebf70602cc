/** Values as literals of Python: what the REST API takes as `value_raw` of a rule. JSON is not it. */

import { CourierError } from '../../faults/errors.ts';
import { PythonTuple, type PythonValue } from './values.ts';

/**
 * A value as Python writes it, in ASCII: what is read back by `ast.literal_eval` is the same.
 *
 * @throws CourierError USAGE for text that is not Unicode, which Python could keep and not send
 */
export function writePythonLiteral(value: PythonValue): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return writeNumber(value);
  if (isList(value)) return `[${value.map(writePythonLiteral).join(', ')}]`;
  if (value instanceof PythonTuple) return writeTuple(value.items);
  const written = [...value].map((entry) => entry.map(writePythonLiteral).join(': '));
  return `{${written.join(', ')}}`;
}

function isList(value: PythonValue): value is readonly PythonValue[] {
  return Array.isArray(value);
}

/** A comma makes the tuple, not the parentheses. */
function writeTuple(items: readonly PythonValue[]): string {
  const written = items.map(writePythonLiteral).join(', ');
  return items.length === 1 ? `(${written},)` : `(${written})`;
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) {
    throw new CourierError('INTERNAL', 'a number that no Python literal has');
  }
  const text = JSON.stringify(value);
  // Beyond what is exact it is a float, which Python tells by the point.
  const isExact = !Number.isInteger(value) || Number.isSafeInteger(value);
  return isExact || text.includes('e') ? text : `${text}.0`;
}

const named: Readonly<Record<string, string>> = { "'": "\\'", '\\': '\\\\', '\n': '\\n' };

function writeString(text: string): string {
  if (!text.isWellFormed()) {
    throw new CourierError('USAGE', 'text for Checkmk must be Unicode, without half a character');
  }
  return `'${Array.from(text, writeCharacter).join('')}'`;
}

function writeCharacter(character: string): string {
  if (named[character] !== undefined) return named[character];
  if (/^[\x20-\x7e]$/.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
