/** The script that answers for the collector. In the bundle its text stands here (.tools/bundle.ts). */

import { readFileSync } from 'node:fs';
import { fileMark } from './service.ts';

const source = new URL('../../agents/site/cmk-courier-ready', import.meta.url);

/** As it is installed: with the mark by which we know it again. */
export function toReadyScript(): string {
  return readFileSync(source, 'utf8').replace('\n', `\n${fileMark}\n`);
}
