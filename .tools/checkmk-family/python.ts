/** Python as `ruff format` leaves it. */

/** The width of a line. */
const width = 100;

/** A text as Python writes it; its value is the same as in JSON, which has no other escapes. */
export function quotePython(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  // Of two kinds of quotes, the one that needs no escape is taken.
  return text.includes('"') && !text.includes("'") && !/[\\\n]/.test(text)
    ? `'${text}'`
    : `"${escaped}"`;
}

/** `Help("…")`, in several lines where it is long. */
export function callWithText(name: string, text: string, indent: string, room = 1): string {
  const inOne = `${name}(${quotePython(text)})`;
  if (indent.length + inOne.length + room <= width) return inOne;
  const alone = quotePython(text);
  const deeper = `${indent}    `;
  if (deeper.length + alone.length <= width) return `${name}(\n${deeper}${alone}\n${indent})`;
  const lines = wrap(text, width - deeper.length - 3).map((line) => deeper + quotePython(line));
  return `${name}(\n${lines.join('\n')}\n${indent})`;
}

/** Words stay whole; the blank between two lines stays at the end of the first. */
function wrap(text: string, longest: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<= )/)) {
    if (line !== '' && line.length + word.trimEnd().length > longest) {
      lines.push(line);
      line = '';
    }
    line += word;
  }
  return [...lines, line];
}

/** `name(` with an argument a line. */
export function callInLines(name: string, args: readonly string[], indent: string): string {
  const lines = args.map((arg) => `${indent}    ${arg},\n`);
  return `${name}(\n${lines.join('')}${indent})`;
}

/** Seconds as Python writes them: `5.0`, `0.5`. */
export function toFloat(ms: number): string {
  const seconds = ms / 1000;
  return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
}
