/** A text that is shown again and again in the place of the one before. */

import { closeSync, openSync } from 'node:fs';
import { isatty, WriteStream } from 'node:tty';

/** Cursor to the top left (ECMA-48). */
const home = '\x1b[H';
/** What an earlier, longer line has left behind the cursor; and all below it. */
const clearLine = '\x1b[K';
const clearBelow = '\x1b[J';

/** Line over line, so that nothing flickers as on a screen that is emptied first. */
export function redraw(text: string): string {
  return `${home}${text.replaceAll('\n', `${clearLine}\n`)}${clearBelow}`;
}

/** The worst is on top, and must not run out of sight. */
export function cutToRows(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n');
  const room = Math.max(2, rows - 1);
  if (lines.length <= room) return text;
  const shown = lines.slice(0, room - 1);
  return `${shown.join('\n')}\n… ${lines.length - shown.length} more\n`;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Undefined when stdout is no terminal, or one that does not know. */
export function findTerminalSize(): TerminalSize | undefined {
  if (!isatty(1)) return undefined;
  try {
    const descriptor = openSync('/dev/tty', 'r+');
    const isTerminal = isatty(descriptor);
    if (!isTerminal) closeSync(descriptor);
    return isTerminal ? measure(new WriteStream(descriptor)) : undefined;
  } catch {
    return undefined;
  }
}

function measure(terminal: WriteStream): TerminalSize | undefined {
  const { columns, rows } = terminal;
  terminal.destroy();
  return columns > 0 && rows > 0 ? { columns, rows } : undefined;
}
