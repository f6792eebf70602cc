/** Matches texts of foreign origin, in a time that cannot explode as that of regular expressions. */

/** Any text, or one character that passes a test which may look at its neighbours. */
export type Token =
  | 'any text'
  | ((found: string, before: string | undefined, after: string | undefined) => boolean);

/**
 * Whether the tokens fit all of the text.
 *
 * What stands between two stars is put as far left as it goes: if that fails, so does every
 * other place. The time is at most the product of both lengths.
 */
export function fitsGlob(text: readonly string[], tokens: readonly Token[]): boolean {
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = tokens[token];
    if (wanted === 'any text') {
      star = token;
      starAt = at;
      token += 1;
    } else if (wanted?.(text[at] ?? '', text[at - 1], text[at + 1])) {
      at += 1;
      token += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      token = star + 1;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === 'any text');
}

/**
 * A pattern in which `*` stands for any text and `?` for one character; to be made once for all
 * texts. What begins otherwise does not fit, which is soon seen.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const tokens = glob.split('').map(toToken);
  const [start = ''] = /^[^*?]*/.exec(glob) ?? [];
  return (text) => text.startsWith(start) && fitsGlob(text.split(''), tokens);
}

function toToken(symbol: string): Token {
  if (symbol === '*') return 'any text';
  return (found) => symbol === '?' || found === symbol;
}
