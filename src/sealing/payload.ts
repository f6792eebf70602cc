/**
 * The payload of a signed document: lines `name value` in a fixed order, long values in lines of
 * their own (sealed-drops.md#payload). Only what a verified signature covers is read by it.
 */

import { CourierError, quote } from '../faults/errors.ts';
import { fromBase64Lines, toBase64Lines } from './base64-lines.ts';

/**
 * A name with its value; bytes are written as base64, in lines that begin with `+`, and may stand
 * below a value of their own.
 */
export type Field =
  | readonly [name: string, value: string | Buffer]
  | readonly [name: string, value: string, bytes: Buffer];

/** The lines of a payload, in the order given. */
export function writePayload(fields: readonly Field[]): Buffer {
  const lines = fields.flatMap(([name, value, below]) => {
    const isText = typeof value === 'string';
    const bytes = isText ? (below ?? Buffer.alloc(0)) : value;
    return [isText ? `${name} ${value}` : name, ...toBase64Lines(bytes).map((line) => `+${line}`)];
  });
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

interface RawField {
  readonly name: string;
  readonly value: string;
  readonly continued: string[];
}

/**
 * Reads a payload front to back: each kind of document asks for its names in their order, and
 * anything else is refused, so that nothing unknown can stand in signed data.
 */
export class PayloadReader {
  readonly #fields: readonly RawField[];
  #at = 0;

  /** @throws CourierError MALFORMED */
  constructor(payload: Buffer) {
    this.#fields = toFields(payload.toString('latin1'));
  }

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    return this.#at === this.#fields.length;
  }

  /** Whether `name` comes next. */
  isNext(name: string): boolean {
    return this.#fields[this.#at]?.name === name;
  }

  /**
   * The value of `name`, which has to come next and to fit.
   *
   * @throws CourierError MALFORMED
   */
  take(name: string, fits: RegExp | ((value: string) => boolean)): string {
    const { value, continued } = this.#next(name);
    const isFit = typeof fits === 'function' ? fits(value) : fits.test(value);
    if (continued.length === 0 && isFit) return value;
    throw malformed(`${name} cannot be ${quote(value)}`);
  }

  /**
   * The bytes of `name`, which has to come next.
   *
   * @throws CourierError MALFORMED
   */
  takeBytes(name: string): Buffer {
    const { value, continued } = this.#next(name);
    if (value !== '') throw malformed(`${name} has its value in the wrong line`);
    return fromBase64Lines(continued, name);
  }

  /**
   * The value of `name` and the bytes below it; it has to come next, and to fit.
   *
   * @throws CourierError MALFORMED
   */
  takeWithBytes(name: string, fits: RegExp): { readonly value: string; readonly bytes: Buffer } {
    const { value, continued } = this.#next(name);
    if (!fits.test(value)) throw malformed(`${name} cannot be ${quote(value)}`);
    return { value, bytes: fromBase64Lines(continued, name) };
  }

  /** @throws CourierError MALFORMED when something is left */
  end(): void {
    const left = this.#fields[this.#at];
    if (left !== undefined) throw malformed(`${left.name} is unknown, or not in its place`);
  }

  #next(name: string): RawField {
    const field = this.#fields[this.#at];
    if (field?.name !== name) {
      const found = field === undefined ? 'its end' : field.name;
      throw malformed(`${name} is missing where ${found} is`);
    }
    this.#at += 1;
    return field;
  }
}

const namedLine = /^([a-z][a-z0-9-]*)(?: (\S(?:.*\S)?))?$/;

function toFields(text: string): readonly RawField[] {
  if (!text.endsWith('\n')) throw malformed('its last line has no end');
  const fields: RawField[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const last = fields.at(-1);
    if (line.startsWith('+') && last !== undefined) {
      last.continued.push(line.slice(1));
      continue;
    }
    const [, name, value = ''] = namedLine.exec(line) ?? [];
    if (name === undefined) throw malformed(`${quote(line)} is no line of it`);
    fields.push({ name, value, continued: [] });
  }
  return fields;
}

function malformed(how: string): CourierError {
  return new CourierError('MALFORMED', `a signed document that cannot be read: ${how}`);
}
