/** A service of our own, as a local check (agent-output.md#local-checks). */

import { cleanText } from '../faults/errors.ts';

/** What a local check says. */
export interface ServiceLine {
  /** OK, WARN, CRIT, UNKNOWN. */
  readonly state: 0 | 1 | 2 | 3;
  readonly service: string;
  /** Names of letters and digits. */
  readonly metrics: readonly (readonly [name: string, value: number])[];
  /** May hold anything; it becomes one line. */
  readonly text: string;
}

/** A section with that line alone. It is ended, so that text around it joins no section. */
export function toLocalSection(line: ServiceLine): Buffer {
  return Buffer.from(`<<<local:sep(0)>>>\n${toServiceRow(line)}\n<<<>>>\n`);
}

/** The line itself, as a local check prints it. */
export function toServiceRow({ state, service, metrics, text }: ServiceLine): string {
  const name = cleanText(service).replace(/["']/g, '');
  const values = metrics.map(([metric, value]) => `${metric}=${toDecimals(value)}`);
  const performance = values.length === 0 ? '-' : values.join('|');
  // The site would make a line break of a backslash and an n.
  const shown = cleanText(text).replaceAll('\\', '/');
  return `${state} "${name}" ${performance} ${shown}`;
}

/** At most three decimals, never an exponent. */
function toDecimals(value: number): string {
  return String(Number(value.toFixed(3)));
}
