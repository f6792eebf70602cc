/** The form agent output must have: what is refused, what is lost, what is only said. */

import { quote } from '../faults/errors.ts';
import { isBlank } from './lookalikes.ts';
import { type Overview, surveyAgentOutput } from './parser.ts';
import { lineAt, type Problem, quoteBytes, type Rule, severityOf } from './problems.ts';
import { findZeros } from './zeros.ts';

export interface FormOptions {
  /** Lets a web page ahead of sections pass, and says nothing of other text there. */
  readonly lenient: boolean;
  /** Refuses what is merely lost, too. */
  readonly strict?: boolean | undefined;
  /** The host being checked, where it is known. */
  readonly host?: string | undefined;
}

/** All problems of an output: of the whole first, then in the order of their lines. */
export function checkForm(output: Buffer, options: FormOptions): readonly Problem[] {
  return findProblems(output, surveyAgentOutput(output, options.host), options.lenient);
}

/** The same for output that is parsed already. */
export function findProblems(
  output: Buffer,
  parsed: Overview,
  lenient: boolean,
): readonly Problem[] {
  // Searched for once: nearly all output has none, and the search costs next to nothing.
  const zero = output.indexOf(0);
  const disguise = findDisguise(output, parsed, zero);
  if (disguise) return [disguise, ...parsed.problems];
  const found = [
    findMissingCheckMk(parsed),
    findAhead(output, parsed, lenient),
    findUtf16Within(output, zero),
  ];
  return [...found.filter((problem) => problem !== undefined), ...parsed.problems];
}

/** @param zero where the first zero byte is, or -1 */
type Detector = (output: Buffer, parsed: Overview, zero: number) => Problem | undefined;

/** What it is instead of agent output, the most telling answer first. */
const detectors: readonly Detector[] = [
  findEmpty,
  findTorn,
  findEncrypted,
  findUtf16,
  findHtmlPage,
  findNoSection,
];

function findDisguise(output: Buffer, parsed: Overview, zero: number): Problem | undefined {
  for (const detect of detectors) {
    const problem = detect(output, parsed, zero);
    if (problem) return problem;
  }
  return undefined;
}

function findEmpty(output: Buffer): Problem | undefined {
  if (output.length === 0) return toProblem('empty-output', 'the output is empty');
  if (firstNonBlank(output, output.length) < output.length) return undefined;
  return toProblem('empty-output', 'there is nothing but white space in the output');
}

/**
 * Two digits name the scheme (agent-output.md#encrypted-output; agent-port.md#symmetric). What
 * follows is random.
 */
function findEncrypted(output: Buffer, parsed: Overview): Problem | undefined {
  const scheme = /^(?:0[02345]|99)/.exec(output.toString('latin1', 0, 2))?.[0];
  if (scheme === undefined || output.length < 18 || parsed.hasSections) return undefined;
  // The last character may be cut in half.
  const sample = output.toString('utf8', 2, 34).slice(0, -1).replace(/\s+/g, '');
  if (!/[\p{Cc}\ufffd]/u.test(sample)) return undefined;
  return toProblem(
    'encrypted',
    `the output is still encrypted (scheme ${scheme}), and its passphrase is missing here`,
  );
}

/** With its mark, or without by the zero byte beside each of the first two ASCII characters. */
function findUtf16(output: Buffer): Problem | undefined {
  const start = output.toString('latin1', 0, 4);
  const found = /^(?:\xff\xfe|\xfe\xff|[\t-~]\0[\t-~]\0|\0[\t-~]\0[\t-~])/.test(start);
  return found
    ? toProblem('utf-16', 'the output is UTF-16 text, not bytes of an agent')
    : undefined;
}

const htmlStart = /<!doctype\s+html|<html[\s>]|<head>|<body[\s>]/i;

function findHtmlPage(output: Buffer, parsed: Overview): Problem | undefined {
  if (parsed.hasSections) return undefined;
  const page = describePage(output, parsed);
  if (page === undefined) return undefined;
  return toProblem('html-page', `this looks like ${page}, not agent output`);
}

/** What stands ahead of the sections; the most telling answer only. */
function findAhead(output: Buffer, parsed: Overview, lenient: boolean): Problem | undefined {
  const page = describePage(output, parsed);
  if (page === undefined) return findByteOrderMark(output) ?? findJunk(output, parsed, lenient);
  const message = `this looks like ${page}, though sections follow`;
  return toProblem('html-before-sections', message, lenient);
}

/** Text before the first header that begins like a web page. */
function describePage(output: Buffer, parsed: Overview): string | undefined {
  const text = output.toString('utf8', 0, Math.min(parsed.preambleEnd, 16_384));
  if (!htmlStart.test(text.slice(0, 1024))) return undefined;
  const title = /<title[^<>]{0,200}>([^<]{1,200})/i.exec(text)?.[1]?.trim();
  return `an HTML page${title ? ` titled ${quote(title)}` : ''}`;
}

/** The mark makes text of the first line (agent-output.md#lines). */
function findByteOrderMark(output: Buffer): Problem | undefined {
  if (output.toString('latin1', 0, 6) !== '\xef\xbb\xbf<<<') return undefined;
  return toProblem('byte-order-mark', 'a UTF-8 byte order mark hides the first section header');
}

const utf16Brackets = Buffer.from('<\0<\0<');

/** What PowerShell adds to a file with `>>`, say; at its beginning another rule knows it. */
function findUtf16Within(output: Buffer, zero: number): Problem | undefined {
  const offset = zero === -1 ? -1 : output.indexOf(utf16Brackets, Math.max(0, zero - 1));
  if (offset === -1) return undefined;
  const problem = toProblem('utf-16-within', 'sections in UTF-16, which the site cannot read');
  return { ...problem, line: lineAt(output, offset) };
}

function findTorn(output: Buffer, _: Overview, zero: number): Problem | undefined {
  const zeros = zero === -1 ? undefined : findZeros(output);
  if (zeros === undefined) return undefined;
  const message = `${zeros.count} zero bytes in a row: a file that a crash has torn`;
  return { ...toProblem('torn-by-zeros', message), line: lineAt(output, zeros.offset) };
}

function findNoSection(output: Buffer, parsed: Overview): Problem | undefined {
  const hasErrors = parsed.problems.some(({ severity }) => severity === 'error');
  if (parsed.hasSections || hasErrors) return undefined;
  const { offset, quoted } = firstText(output, output.length);
  const message = findByteOrderMark(output)
    ? 'a UTF-8 byte order mark hides the only section header'
    : `no section in the output; it begins with ${quoted}`;
  return { ...toProblem('no-section', message), line: lineAt(output, offset) };
}

function findJunk(output: Buffer, parsed: Overview, lenient: boolean): Problem | undefined {
  const { offset, quoted } = firstText(output, parsed.preambleEnd);
  if (offset === parsed.preambleEnd) return undefined;
  const message = `text before the first section header: ${quoted}`;
  return { ...toProblem('junk-before-header', message, lenient), line: lineAt(output, offset) };
}

function findMissingCheckMk({ hasSections, hasCheckMk }: Overview): Problem | undefined {
  if (hasCheckMk || !hasSections) return undefined;
  return toProblem('no-check-mk-section', 'the host has no section check_mk');
}

/** The first line before `end` that is not blank, for a message. */
function firstText(output: Buffer, end: number): { offset: number; quoted: string } {
  const offset = firstNonBlank(output, end);
  const lineEnd = output.indexOf(0x0a, offset);
  const until = lineEnd === -1 ? end : Math.min(lineEnd, end);
  return { offset, quoted: quoteBytes(output, offset, until) };
}

function firstNonBlank(output: Buffer, end: number): number {
  for (let offset = 0; offset < end; offset += 1) if (!isBlank(output[offset])) return offset;
  return end;
}

/** A problem of what was around the output, which concerns all of it. */
export function toRemark(rule: 'unmarked-salt', message: string): Problem {
  return toProblem(rule, message);
}

function toProblem(rule: Rule, message: string, lenient = false): Problem {
  return { line: 1, rule, severity: severityOf(rule, { lenient }), message };
}
