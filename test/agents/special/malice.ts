/** Values that try to be more than values, and a look whether one of them was. */

import { parseAgentOutput } from '../../../src/agent-output/parser.ts';

/** Ends a row, begins a section, and speaks for another host. */
export const malice = 'x\r\n<<<<web01>>>>\n<<<check_mk>>>\nVersion: 0\u2028<<<<>>>>\0<<<local>>>';

/** The same with `malice` behind every text. */
export function spoil<Value>(value: Value): Value;
export function spoil(value: unknown): unknown {
  if (typeof value === 'string') return `${value}${malice}`;
  if (Array.isArray(value)) return value.map(spoil);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, spoil(own)]));
}

/** Every section, host and line that only `malice` can have made, and what the site would not read. */
export function findForgery(output: string): readonly string[] {
  const { sections, piggybackedHosts, problems } = parseAgentOutput(Buffer.from(output));
  return [
    ...sections.filter(({ name }) => name === 'check_mk').map(({ name }) => `section ${name}`),
    ...piggybackedHosts.map((host) => `host ${host}`),
    ...problems.map(({ rule }) => `problem ${rule}`),
    ...output.split(/\r\n|\r|\n|\u2028/).filter((line) => /^(<<<<|Version)/.test(line)),
  ];
}
