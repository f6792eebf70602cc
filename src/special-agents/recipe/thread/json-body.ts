/** JSON as peers send it: bounded in depth, and no key twice, of which readers take different ones. */

import { malformed, TaskFailure } from './failing.ts';

const codes = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  backslash: 0x5c,
  open: 0x7b,
  close: 0x7d,
} as const;
/** A value takes some 20 to 100 bytes of memory, however short it is written. */
const mostValues = 5_000_000;

const brackets = { open: 0x5b, close: 0x5d } as const;

/** @throws TaskFailure */
export function parseJson(text: string, deepest: number): unknown {
  if (text.trim() === '') throw malformed('the answer is empty, not JSON');
  const members = countMembers(text, deepest);
  const parsed = parse(text);
  // Of a key that comes twice the parser keeps one: then there are fewer keys than were written.
  if (countKeys(parsed) < members) refuseAmbiguous(text);
  return parsed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    throw malformed(`the answer is no JSON: ${shorten(said)}`);
  }
}

/** Goes through the text once, without understanding more of it than strings, brackets and colons. */
function countMembers(text: string, deepest: number): number {
  let [members, values, depth] = [0, 1, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === codes.quote) at = endOfString(text, at);
    else if (code === codes.colon) members += 1;
    else if (code === codes.comma) values += 1;
    else if (code === codes.open || code === brackets.open) {
      [depth, values] = [depth + 1, values + 1];
      if (depth > deepest) throw malformed(`the answer is nested deeper than ${deepest}`);
    } else if (code === codes.close || code === brackets.close) depth -= 1;
  }
  if (values > mostValues)
    throw new TaskFailure('TOO_LARGE', `the answer has more than ${mostValues} values`);
  return members;
}

/** The depth is known to be bounded. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const part of Object.values(value)) count += countKeys(part);
  return count;
}

/** V8 quotes the text, which may be long. */
function shorten(said: string): string {
  return said.replace(/, ".*$/s, '').replace(/^(.{0,150}).*$/s, '$1');
}

/** Names the key that comes twice. */
function refuseAmbiguous(text: string): void {
  const keys: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === codes.quote) {
      const end = endOfString(text, at);
      if (isKeyNext) addKey(keys.at(-1), text.slice(at, end + 1));
      isKeyNext = false;
      at = end;
    } else if (code === codes.open || code === brackets.open) {
      keys.push(code === codes.open ? new Set() : undefined);
      isKeyNext = code === codes.open;
    } else if (code === codes.close || code === brackets.close) {
      keys.pop();
      isKeyNext = false;
    } else if (code === codes.comma) {
      isKeyNext = keys.at(-1) !== undefined;
    }
  }
}

/** The quote that ends the string that begins at `start`; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === codes.backslash) backslashes += 1;
  return backslashes % 2 === 1;
}

function addKey(keys: Set<string> | undefined, written: string): void {
  const key = written.includes('\\') ? readKey(written) : written;
  if (keys?.has(key))
    throw malformed(`the answer has the key ${key.slice(0, 80)} twice in one object`);
  keys?.add(key);
}

function readKey(written: string): string {
  try {
    return `"${String(JSON.parse(written))}"`;
  } catch {
    return written;
  }
}
