/** What a terminal shows of what was typed. */

/**
 * Takes the echo of a command off the start of an answer. A terminal wraps a long command, may set
 * blanks otherwise, and may show the prompt ahead of it; of one that echoes nothing the line end may
 * stay, which was typed as well.
 *
 * @returns the lines without it; the same when there is none
 */
export function stripEcho(
  lines: readonly string[],
  sent: string,
  prompt: string,
): readonly string[] {
  return findEcho(lines, bare(sent), bare(prompt)) ?? (lines[0] === '' ? lines.slice(1) : lines);
}

function findEcho(lines: readonly string[], command: string, prompt: string) {
  let seen = '';
  for (const [index, line] of lines.entries()) {
    seen += bare(line);
    const isEcho = seen === command || seen === prompt + command;
    if (isEcho && command !== '') return lines.slice(index + 1);
    if (seen.length > prompt.length + command.length) return undefined;
  }
  return undefined;
}

function bare(text: string): string {
  return text.replace(/\s+/g, '');
}
