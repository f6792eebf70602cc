/**
 * JSONata, with what could cost too much taken out of it: no expression made of data, no text or
 * list without end, no time but that of the run.
 */

import jsonata from 'jsonata';
import { TaskFailure } from './failing.ts';
import type { Checked, ThreadSettings, Variables } from './messages.ts';
import { toNamed } from './named.ts';
import { type PlainExpression, pickByPath, toPlainExpression } from './plain-expressions.ts';
import { findReferences } from './references.ts';
import { makeSequencesWith, sequencesOf } from './sequences.ts';

const mostNested = 200;

export class Expressions {
  readonly #settings: ThreadSettings;
  readonly #makeSequence: ReturnType<typeof sequencesOf>;
  readonly #compiled = new Map<string, jsonata.Expression>();
  readonly #plain = new Map<string, PlainExpression | undefined>();

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
    this.#makeSequence = sequencesOf(settings.mostValues, refuseList);
  }

  check(text: string): Checked {
    try {
      return findReferences(this.#compile(text).ast());
    } catch (error) {
      return { variables: [], roots: [], problem: explain(error) };
    }
  }

  /** @throws TaskFailure naming the expression */
  async evaluate(text: string, input: unknown, variables: Variables): Promise<unknown> {
    try {
      const expression = this.#compile(text);
      const plain = this.#plain.get(text)?.(input);
      if (plain !== undefined && plain !== 'unknown to us') return plain.value;
      const result: unknown = await expression.evaluate(input, variables);
      return result;
    } catch (error) {
      if (error instanceof TaskFailure) {
        throw new TaskFailure(error.failure.code, error.failure.message, text);
      }
      throw new TaskFailure(isLimit(error) ? 'TOO_LARGE' : 'CONFIG', explain(error), text);
    }
  }

  /**
   * The same of data that has just been read, as data that can be handed on. Most records lie at the
   * end of a path, and are not copied.
   *
   * @throws TaskFailure naming the expression
   */
  async pick(text: string, input: unknown, variables: Variables): Promise<unknown> {
    const picked = pickByPath(this.#compile(text).ast(), input);
    return picked === undefined
      ? toData(await this.evaluate(text, input, variables))
      : picked.value;
  }

  #compile(text: string): jsonata.Expression {
    const known = this.#compiled.get(text);
    if (known !== undefined) return known;
    const { expressionMs, mostValues } = this.#settings;
    const options = { timeout: expressionMs, stack: mostNested, sequence: mostValues };
    const expression = jsonata(text, options);
    this.#bound(expression);
    this.#compiled.set(text, expression);
    this.#plain.set(text, toPlainExpression(expression.ast()));
    return expression;
  }

  #bound(expression: jsonata.Expression): void {
    const { longestText, nowMs } = this.#settings;
    const now = new Date(nowMs);
    expression.registerFunction('now', () => now.toISOString(), '<:s>');
    expression.registerFunction('millis', () => nowMs, '<:n>');
    expression.registerFunction('eval', refuseEval);
    expression.registerFunction('named', toNamed, '<x-s?s?:o>');
    expression.registerFunction('pad', makePad(longestText), '<s-ns?:s>');
    const require = (value: unknown) => requireShort(value, longestText);
    Reflect.apply(expression.assign, expression, [
      Symbol.for('jsonata.__evaluate_exit'),
      (_node: unknown, _input: unknown, frame: unknown, result: unknown) => {
        makeSequencesWith(this.#makeSequence, frame);
        require(result);
      },
    ]);
    expression.registerFunction('join', makeJoin(longestText), '<a<s>s?:s>');
  }
}

/** Lists of JSONata carry marks and functions, which cannot be handed to another thread. */
export function toData(value: unknown): unknown {
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  return JSON.parse(JSON.stringify(value));
}

function refuseEval(): never {
  throw new TaskFailure('CONFIG', '$eval is not there: what peers answer is never an expression');
}

function refuseList(): never {
  throw new TaskFailure('TOO_LARGE', listTooLong);
}

/** A text that grows is stopped before it fills the memory. */
function requireShort(value: unknown, longest: number): void {
  if (typeof value !== 'string' || value.length <= longest) return;
  throw new TaskFailure('TOO_LARGE', `it makes a text of more than ${longest} characters`);
}

/** As JSONata's own: a negative width puts the padding in front. */
function makePad(longest: number) {
  return (text: string | undefined, width: number, filling?: string) => {
    if (text === undefined) return undefined;
    if (Math.abs(width) > longest) {
      throw new TaskFailure('TOO_LARGE', `$pad makes a text of more than ${longest} characters`);
    }
    const missing = Math.abs(width) - Array.from(text).length;
    if (missing <= 0) return text;
    const unit = Array.from(filling || ' ');
    const whole = unit.join('').repeat(Math.floor(missing / unit.length));
    const padding = whole + unit.slice(0, missing % unit.length).join('');
    return width > 0 ? text + padding : padding + text;
  };
}

function makeJoin(longest: number) {
  return (texts: readonly string[] | undefined, separator = '') => {
    const length = (texts ?? []).reduce((sum, text) => sum + text.length + separator.length, 0);
    if (length <= longest) return texts?.join(separator);
    throw new TaskFailure('TOO_LARGE', `$join makes a text of more than ${longest} characters`);
  };
}

/** JSONata's codes for its own limits: depth, time, length of lists. */
const limitCodes: readonly unknown[] = ['D1011', 'D1012', 'D2014', 'D2015'];

const listTooLong = 'it makes a list that is too long';

const limitWords: Readonly<Record<string, string>> = {
  D1011: 'it calls itself without end',
  D1012: 'it takes too long',
  D2014: listTooLong,
  D2015: listTooLong,
};

function codeOf(error: unknown): string {
  const code: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : '';
  return typeof code === 'string' ? code : '';
}

function isLimit(error: unknown): boolean {
  return limitCodes.includes(codeOf(error)) || error instanceof RangeError;
}

/** JSONata throws plain objects, and fills in its messages. */
function explain(error: unknown): string {
  const known = limitWords[codeOf(error)];
  if (known !== undefined) return known;
  if (error instanceof RangeError) return 'it goes too deep or makes a text that is too long';
  const message: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : error;
  const position: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'position') : undefined;
  const where = typeof position === 'number' ? ` (at character ${position})` : '';
  return `${String(message).slice(0, 200)}${where}`;
}
