/** What is waited for: plain texts, which are compared here, and regular expressions, in a thread. */

import { Worker } from 'node:worker_threads';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { onAbort } from '../../system/on-abort.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { untilAborted } from '../../system/until-aborted.ts';

/** A text, or a regular expression between slashes. */
export type Pattern =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'expression';
      readonly source: string;
      readonly flags: string;
      readonly shown: string;
    };

/**
 * Reads `login: ` or `/^[\w-]+[>#] ?$/`.
 *
 * @throws CourierError USAGE
 */
export function parsePattern(text: string): Pattern {
  if (text === '') throw new CourierError('USAGE', 'must not be empty');
  if (!text.startsWith('/')) return { kind: 'text', text };
  const [, source, flags = ''] = /^\/(.+)\/([imsu]*)$/s.exec(text) ?? [];
  if (source === undefined) {
    throw new CourierError('USAGE', `must end with a slash as it begins: ${quote(text)}`);
  }
  try {
    new RegExp(source, flags);
  } catch (error) {
    const message = `is no regular expression: ${quote(source)}`;
    throw new CourierError('USAGE', message, { cause: error });
  }
  return { kind: 'expression', source, flags, shown: text };
}

export function showPattern(pattern: Pattern): string {
  return pattern.kind === 'text' ? quote(pattern.text) : pattern.shown;
}

/** How long one look may take. A pattern that needs longer on one line never ends. */
const lookMs = 2000;

/** Of a longer line only the end is looked at. */
const longestLine = 4096;

/** Matches in a thread of its own, since nothing else can stop a regular expression. */
const program = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, patterns, lines }) => {
  const found = patterns.findIndex(({ source, flags }) => {
    const expression = new RegExp(source, flags);
    return lines.some((line) => expression.test(line));
  });
  parentPort.postMessage({ id, found });
});
`;

/** It holds a few lines; without limits it would reserve far more than an agent's process may have. */
const resourceLimits = { maxOldGenerationSizeMb: 32, codeRangeSizeMb: 8 };

export class Matcher {
  #thread: Worker | undefined;
  #asked = 0;

  /**
   * The first of several patterns that fits one of several lines.
   *
   * @param isPart whether a plain text may stand anywhere in a line; else it ends the line, white
   * space aside
   * @returns its index, or -1
   * @throws CourierError MALFORMED naming a pattern that takes too long
   */
  async find(
    patterns: readonly Pattern[],
    lines: readonly string[],
    { isPart = false, signal }: { readonly isPart?: boolean; readonly signal: AbortSignal },
  ): Promise<number> {
    const ends = lines.map((line) => line.slice(-longestLine));
    const fits = (text: string) => (line: string) =>
      isPart ? line.includes(text) : line.trimEnd().endsWith(text.trimEnd());
    const plain = patterns.findIndex((one) => one.kind === 'text' && ends.some(fits(one.text)));
    const expressions = patterns.filter((one) => one.kind === 'expression');
    if (plain === 0 || expressions.length === 0 || ends.length === 0) return plain;
    const found = expressions[await this.#ask(expressions, ends, signal)];
    const index = found === undefined ? -1 : patterns.indexOf(found);
    return plain < 0 || (index >= 0 && index < plain) ? index : plain;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #ask(
    patterns: readonly {
      readonly source: string;
      readonly flags: string;
      readonly shown: string;
    }[],
    lines: readonly string[],
    signal: AbortSignal,
  ): Promise<number> {
    const thread = this.#thread ?? (await this.#start(signal));
    this.#asked += 1;
    const id = this.#asked;
    const answer = Promise.withResolvers<number>();
    const hear = (message: unknown) => {
      if (isAnswer(message) && message.id === id) answer.resolve(message.found);
    };
    thread.on('message', hear).on('error', answer.reject);
    thread.postMessage({ id, patterns, lines });
    const names = patterns.map(({ shown }) => shown).join(', ');
    const why = `takes longer than ${lookMs / 1000}s on what the peer said`;
    const tooSlow = () => new CourierError('MALFORMED', `the pattern ${names} ${why}`);
    try {
      return await withTimeLimit({ timeoutMs: lookMs, tooSlow }, signal, (limited) =>
        untilAborted(answer.promise, limited),
      );
    } catch (error) {
      await this.close();
      throw asCourierError(error, `looking for ${names}`);
    } finally {
      thread.off('message', hear).off('error', answer.reject);
    }
  }

  /** The time limit counts from when the thread is there. */
  async #start(signal: AbortSignal): Promise<Worker> {
    signal.throwIfAborted();
    const thread = new Worker(program, { eval: true, execArgv: [], env: {}, resourceLimits });
    this.#thread = thread;
    thread.on('error', () => undefined);
    const online = Promise.withResolvers<void>();
    thread.once('online', () => online.resolve());
    thread.once('exit', () => online.resolve());
    const leave = onAbort(signal, () => online.resolve());
    await online.promise;
    leave();
    signal.throwIfAborted();
    return thread;
  }
}

function isAnswer(message: unknown): message is { readonly id: number; readonly found: number } {
  return typeof message === 'object' && message !== null && 'found' in message && 'id' in message;
}
