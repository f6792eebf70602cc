/** `--plugin`: one line and the exit codes of the Nagios plug-in API. */

import type { DoctorDocument } from './document.ts';
import { toSentence } from './text.ts';

const states = {
  ok: ['OK', 0],
  warning: ['WARNING', 1],
  fault: ['CRITICAL', 2],
  unknown: ['UNKNOWN', 3],
} as const;

export function toPlugin(document: DoctorDocument): { line: string; exit: number } {
  const [word, exit] = states[document.verdict];
  return { line: `${word} - ${toSentence(document)}\n`, exit };
}
