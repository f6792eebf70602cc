/** JSON as peers send it: bounded in depth, and no key twice, of which readers take different ones. */

import { malformed } from './failing.ts';

const codes = { quote: 0x22, comma: 0x2c, backslash: 0x5c, open: 0x7b, close: 0x7d } as const;
const brackets = { open: 0x5b, close: 0x5d } as const;

/** @throws TaskFailure */
export function parseJson(text: string, deepest: number): unknown {
  if (text.trim() === '') throw malformed('the answer is empty, not JSON');
  refuseAmbiguous(text, deepest);
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    throw malformed(`the answer is no JSON: ${shorten(said)}`);
  }
}

/** V8 quotes the text, which may be long. */
function shorten(said: string): string {
  return said.replace(/, ".*$/s, '').replace(/^(.{0,150}).*$/s, '$1');
}

/** Goes through the text once, without understanding more of it than strings and brackets. */
function refuseAmbiguous(text: string, deepest: number): void {
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
      if (keys.length > deepest) throw malformed(`the answer is nested deeper than ${deepest}`);
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
