/** JSON bodies of the agent receiver's endpoints. */

import type { ZodType } from 'zod';
import { readBody } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { Budget } from '../limits.ts';
import type { Settings } from '../options.ts';
import { Refusal } from '../refusal.ts';

const largestBody = 64 * 1024;
/** All of these bodies together. */
const memory = new Budget(256 * largestBody);

/**
 * Reads and checks a JSON body. What is wrong is said in one text, not in a list as Checkmk's
 * receiver has it: a controller shows texts readably.
 *
 * @throws Refusal 422, 413, 408
 */
export async function readJson<Content>(
  exchange: Exchange,
  schema: ZodType<Content>,
  settings: Settings,
): Promise<Content> {
  const { requestTimeout: deadlineMs, stallTimeout: stallMs } = settings;
  const body = await readBody(exchange, { maxBytes: largestBody, deadlineMs, stallMs }, memory);
  try {
    exchange.note.bytes = body.bytes.length;
    const parsed = schema.safeParse(parse(body.bytes.toString()));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') || 'the body';
    throw new Refusal('invalid', `${field}: ${issue?.message ?? 'not as expected'}`);
  } finally {
    body.release();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal('invalid', 'the body is not JSON', { cause: error });
  }
}
