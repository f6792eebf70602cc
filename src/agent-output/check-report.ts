/** What a check says of a file, for people. */

import { type CourierError, cleanText, type FaultCode } from '../faults/errors.ts';
import type { Problem, Severity } from './problems.ts';

/** What is said about one file, and the shape of an element with `--json`. */
export interface Report {
  readonly file: string;
  readonly sections: number;
  readonly piggybackedHosts: readonly string[];
  readonly problems: readonly Problem[];
  /** How many more problems there are than `problems` holds. */
  readonly omittedProblems: number;
  /** Why nothing is known about the file. */
  readonly fault: { readonly code: FaultCode; readonly message: string } | null;
}

/** The report on a file that could not be read or unpacked. */
export function toUnreadable(file: string, { code, message }: CourierError): Report {
  const nothing = { sections: 0, piggybackedHosts: [], problems: [], omittedProblems: 0 };
  return { file, ...nothing, fault: { code, message } };
}

/** `web01.txt:17: loss: invalid section header "<<<a-b>>>" (invalid-name)`, and a line in sum. */
export function toText(report: Report): string {
  const file = cleanText(report.file);
  if (report.fault !== null) {
    return `${file}: ${cleanText(report.fault.message)} (${report.fault.code})\n`;
  }
  const lines = report.problems.map(
    ({ line, severity, message, rule }) => `${file}:${line}: ${severity}: ${message} (${rule})`,
  );
  if (report.omittedProblems > 0) {
    lines.push(`${file}: ${count(report.omittedProblems, 'more problem')} not shown`);
  }
  const hosts = report.piggybackedHosts.length;
  const piggyback = hosts === 0 ? '' : `, ${count(hosts, 'piggybacked host')}`;
  lines.push(`${toSummary(report)}: ${count(report.sections, 'section')}${piggyback}`, '');
  return lines.join('\n');
}

/** `2 errors, 1 loss in web01.txt` */
export function toSummary(report: Report): string {
  const losses = countOf(report, 'loss');
  const remarks = countOf(report, 'remark');
  const said = [
    count(countOf(report, 'error'), 'error'),
    ...(losses === 0 ? [] : [count(losses, 'loss', 'losses')]),
    ...(remarks === 0 ? [] : [count(remarks, 'remark')]),
  ];
  const least = report.omittedProblems > 0 ? 'at least ' : '';
  return `${least}${said.join(', ')} in ${cleanText(report.file)}`;
}

function countOf({ problems }: Report, severity: Severity): number {
  return problems.filter((problem) => problem.severity === severity).length;
}

/** `no errors`, `1 error`, `2 errors` */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number === 0 ? 'no' : number} ${number === 1 ? noun : plural}`;
}
