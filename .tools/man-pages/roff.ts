/** Text for man pages, in roff with the macros of man(7): ASCII, so that no reader has to guess. */

/** Text as it is to be read; what stands between backquotes is bold. */
export function toRoff(text: string): string {
  const pieces = text.split('`');
  return protect(
    pieces.map((piece, index) => (index % 2 === 0 ? guard(piece) : bold(piece))).join(''),
  );
}

export function bold(text: string): string {
  return `\\fB${guard(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${guard(text)}\\fR`;
}

function guard(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replace(/[^\n\x20-\x7e]/gu, (found) => {
      const code = found.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}

/** A line that begins with a dot would be a command to roff. */
function protect(text: string): string {
  return text.replace(/^\./gm, '\\&.');
}

/** A heading with what stands below it; nothing where that is nothing. */
export function section(title: string, ...lines: readonly string[]): string {
  return lines.length === 0
    ? ''
    : `${[`.SH ${toRoff(title.toUpperCase())}`, ...lines].join('\n')}\n`;
}

/** A term, and below it, indented, what it means. */
export function item(term: string, meaning: string): string {
  return `.TP\n${term}\n${toRoff(meaning)}`;
}
