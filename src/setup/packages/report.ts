/** What is said of a package, to people and to programs. */

import { type CourierError, cleanText, type FaultCode } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { Problem } from './problems.ts';
import type { PartContent, Verdict } from './verify.ts';

/** The shape of an element with `--json`. */
export interface Report {
  readonly file: string;
  readonly bytes: number;
  /** Null where the manifest cannot be read. */
  readonly name: string | null;
  readonly version: string | null;
  readonly title: string | null;
  readonly minRequired: string | null;
  readonly usableUntil: string | null;
  readonly parts: readonly PartContent[];
  readonly problems: readonly Problem[];
  /** How many more problems there are than `problems` holds. */
  readonly omittedProblems: number;
  /** Why nothing is known about the file. */
  readonly fault: { readonly code: FaultCode; readonly message: string } | null;
}

/** A package with more problems than this has one mistake many times. */
const mostShown = 100;

export function toReport(file: string, bytes: number, verdict: Verdict): Report {
  const { manifest, parts } = verdict;
  const gravity = { error: 0, warning: 1 };
  const problems = verdict.problems.toSorted((a, b) => gravity[a.severity] - gravity[b.severity]);
  return {
    file,
    bytes,
    name: manifest?.name ?? null,
    version: manifest?.version ?? null,
    title: manifest?.title ?? null,
    minRequired: manifest?.minRequired ?? null,
    usableUntil: manifest?.usableUntil ?? null,
    parts,
    problems: problems.slice(0, mostShown),
    omittedProblems: Math.max(0, problems.length - mostShown),
    fault: null,
  };
}

export function toUnreadable(file: string, { code, message }: CourierError): Report {
  const verdict = { manifest: null, parts: [], problems: [] };
  return { ...toReport(file, 0, verdict), fault: { code, message } };
}

/** A line a problem, and one in sum. */
export function toText(report: Report): string {
  const file = cleanText(report.file);
  if (report.fault !== null) {
    return `${file}: ${cleanText(report.fault.message)} (${report.fault.code})\n`;
  }
  const lines = report.problems.map(
    ({ severity, message, rule }) => `${file}: ${severity}: ${message} (${rule})`,
  );
  if (report.omittedProblems > 0) lines.push(`${file}: ${report.omittedProblems} more not shown`);
  lines.push(`${file}: ${toVerdict(report)}`, '');
  return lines.join('\n');
}

/** `good: cmk_courier 0.1.0, for Checkmk 2.3.0 and newer: 12 files in cmk_addons_plugins (40 kB)` */
function toVerdict(report: Report): string {
  const errors = report.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = report.problems.length - errors;
  const warned = warnings === 0 ? '' : ` with ${counted(warnings, 'warning')}`;
  const judged = errors > 0 ? `not good: ${counted(errors, 'error')}` : `good${warned}`;
  if (report.name === null) return judged;
  const until = report.usableUntil === null ? 'and newer' : `to before ${report.usableUntil}`;
  const range = `for Checkmk ${report.minRequired} ${until}`;
  const parts = report.parts.map(
    ({ part, files, bytes }) => `${counted(files, 'file')} in ${part} (${toSize(bytes)})`,
  );
  const content = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return cleanText(`${judged}: ${report.name} ${report.version}, ${range}${content}`, 1000);
}

function toSize(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
