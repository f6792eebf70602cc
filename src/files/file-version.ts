/** Whether a file is still the one that was read. */

import type { Stats } from 'node:fs';

/** Changes when another file takes its place, or it is written, renamed or given other rights. */
export function fileVersion({ ino, mtimeMs, ctimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${ctimeMs} ${size}`;
}
