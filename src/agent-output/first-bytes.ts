/** Whether bytes are agent output at all, and whole as far as anybody can see; the rules judge the rest. */

import { quoteBytes } from './problems.ts';
import { findZeros } from './zeros.ts';

/** So far a header is looked for: a banner may stand before it, and be long. */
const searchedBytes = 64 * 1024;

/** A line that begins with a header, perhaps behind a byte order mark or blanks. */
const header = /(?:^|\n)(?:\xef\xbb\xbf)?[ \t\r\v\f]*<<</;

const htmlStart = /<!doctype\s+html|<html[\s>]|<head>|<body[\s>]/i;

/**
 * Why bytes are no agent output; undefined where they may be. What is encrypted, or agent output
 * in an encoding Checkmk cannot read, is one: to say so is for those who open and judge it.
 */
export function findForeign(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, searchedBytes);
  if (start.trim() === '') return bytes.length === 0 ? 'it is empty' : 'it is blank';
  const zeros = bytes.includes(0) ? findZeros(bytes) : undefined;
  if (zeros !== undefined) return `${zeros.count} zero bytes in a row: a crash has torn it`;
  if (isEncrypted(start) || isUtf16(start)) return undefined;
  const before = start.slice(0, header.exec(start)?.index);
  if (isHtml(before)) return 'it is an HTML page';
  if (before.length < start.length) return undefined;
  const end = Math.min(80, bytes.length, lineEnd(bytes));
  return `no section header in it; it begins with ${quoteBytes(bytes, 0, end)}`;
}

/**
 * Whether bytes are encrypted as agents do it: two digits name the scheme, and what follows begins
 * with a mark or is random, and so no text.
 *
 * @param start at least the first 18, as Latin-1
 */
export function isEncrypted(start: string): boolean {
  if (!/^(?:0[02345]|99)/.test(start)) return false;
  return start.startsWith('Salted__', 2) || /[^\t\r\n -~]/.test(start.slice(2, 18));
}

/** @param start what stands before the first section, as Latin-1 */
export function isHtml(start: string): boolean {
  return htmlStart.test(start.slice(0, 1024));
}

/** @param start as Latin-1 */
export function isUtf16(start: string): boolean {
  return /^(?:\xff\xfe|\xfe\xff|[\t-~]\0[\t-~]\0|\0[\t-~]\0[\t-~])/.test(start);
}

function lineEnd(bytes: Buffer): number {
  const end = bytes.indexOf(0x0a);
  return end === -1 ? bytes.length : end;
}
