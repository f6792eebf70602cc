/** What is said and heard, with every control byte visible: for people who look why a prompt is not met. */

const named: Readonly<Record<number, string>> = {
  0: '\\0',
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  13: '\\r',
  27: '\\e',
  92: '\\\\',
};

/** `login: `, `\e[0m`, `\xff`; a long text is cut in its middle. */
export function showText(text: string, longest = 2000): string {
  const shown = [...text].map((character) => showCharacter(character)).join('');
  if (shown.length <= longest) return shown;
  const half = Math.floor(longest / 2);
  return `${shown.slice(0, half)} … ${shown.length - 2 * half} more … ${shown.slice(-half)}`;
}

function showCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = named[code];
  if (name !== undefined) return name;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0))
    return `\\x${code.toString(16).padStart(2, '0')}`;
  return character;
}
