/** The form agent output must have: what is refused, and what is only said. */

import { quote } from '../faults/errors.ts';
import { type ParsedOutput, parseAgentOutput } from './parser.ts';
import { lineAt, type Problem, quoteBytes, type Rule, rules } from './problems.ts';

export interface FormOptions {
  /** Lets text before the first header pass, with a warning. */
  readonly lenient: boolean;
  /** The host being checked, where it is known. */
  readonly host?: string | undefined;
}

/** All problems of an output, in the order of their lines. */
export function checkForm(output: Buffer, options: FormOptions): readonly Problem[] {
  return findProblems(output, parseAgentOutput(output, options.host), options.lenient);
}

/** The same for output that is parsed already. */
export function findProblems(
  output: Buffer,
  parsed: ParsedOutput,
  lenient: boolean,
): readonly Problem[] {
  const disguise = findDisguise(output, parsed);
  if (disguise) return [disguise, ...parsed.problems];
  const found = [findMissingCheckMk(parsed), findJunk(output, parsed, lenient)];
  return [...found.filter((problem) => problem !== undefined), ...parsed.problems];
}

type Detector = (output: Buffer, parsed: ParsedOutput) => Problem | undefined;

/** What it is instead of agent output, the most telling answer first. */
const detectors: readonly Detector[] = [
  findEmpty,
  findEncrypted,
  findUtf16,
  findHtmlPage,
  findByteOrderMark,
  findNoSection,
];

function findDisguise(output: Buffer, parsed: ParsedOutput): Problem | undefined {
  for (const detect of detectors) {
    const problem = detect(output, parsed);
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
function findEncrypted(output: Buffer, parsed: ParsedOutput): Problem | undefined {
  const scheme = /^(?:0[02345]|99)/.exec(output.toString('latin1', 0, 2))?.[0];
  if (scheme === undefined || output.length < 18 || hasSections(parsed)) return undefined;
  // The last character may be cut in half.
  const sample = output.toString('utf8', 2, 34).slice(0, -1).replace(/\s+/g, '');
  if (!/[\p{Cc}\ufffd]/u.test(sample)) return undefined;
  return toProblem('encrypted', `the output is still encrypted (scheme ${scheme})`);
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

/** Any text before the first header that begins like a web page, also if sections follow. */
function findHtmlPage(output: Buffer, parsed: ParsedOutput): Problem | undefined {
  const text = output.toString('utf8', 0, Math.min(parsed.preambleEnd, 16_384));
  if (!htmlStart.test(text.slice(0, 1024))) return undefined;
  const title = /<title[^<>]{0,200}>([^<]{1,200})/i.exec(text)?.[1]?.trim();
  const titled = title ? ` titled ${quote(title)}` : '';
  return toProblem('html-page', `this looks like an HTML page${titled}, not agent output`);
}

/** The mark makes text of the first line (agent-output.md#lines). */
function findByteOrderMark(output: Buffer): Problem | undefined {
  if (output.toString('latin1', 0, 6) !== '\xef\xbb\xbf<<<') return undefined;
  return toProblem('byte-order-mark', 'a UTF-8 byte order mark hides the first section header');
}

function findNoSection(output: Buffer, parsed: ParsedOutput): Problem | undefined {
  const hasErrors = parsed.problems.some(({ severity }) => severity === 'error');
  if (hasSections(parsed) || hasErrors) return undefined;
  const { offset, quoted } = firstText(output, output.length);
  const message = `no section in the output; it begins with ${quoted}`;
  return { ...toProblem('no-section', message), line: lineAt(output, offset) };
}

function findJunk(output: Buffer, parsed: ParsedOutput, lenient: boolean): Problem | undefined {
  const { offset, quoted } = firstText(output, parsed.preambleEnd);
  if (offset === parsed.preambleEnd) return undefined;
  return {
    ...toProblem('junk-before-header', `text before the first section header: ${quoted}`),
    line: lineAt(output, offset),
    severity: lenient ? 'warning' : 'error',
  };
}

function findMissingCheckMk(parsed: ParsedOutput): Problem | undefined {
  const found = parsed.sections.some(
    ({ name, owner }) => name === 'check_mk' && owner.kind === 'main',
  );
  if (found || !hasSections(parsed)) return undefined;
  return toProblem('no-check-mk-section', 'the host has no section check_mk');
}

function hasSections(parsed: ParsedOutput): boolean {
  return parsed.sections.some(({ owner }) => owner.kind !== 'ignored');
}

/** The first line before `end` that is not blank, for a message. */
function firstText(output: Buffer, end: number): { offset: number; quoted: string } {
  const offset = firstNonBlank(output, end);
  const lineEnd = output.indexOf(0x0a, offset);
  const until = lineEnd === -1 ? end : Math.min(lineEnd, end);
  return { offset, quoted: quoteBytes(output, offset, until) };
}

/** ASCII white space: blank, and tab to carriage return. */
function firstNonBlank(output: Buffer, end: number): number {
  for (let offset = 0; offset < end; offset += 1) {
    const byte = output.readUInt8(offset);
    if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return offset;
  }
  return end;
}

function toProblem(rule: Rule, message: string): Problem {
  return { line: 1, rule, severity: rules[rule].severity, message };
}
