/** The body of an answer → data. */

import { isUtf8 } from 'node:buffer';
import { malformed } from './failing.ts';
import { parseJson } from './json-body.ts';
import type { BodyFormat } from './messages.ts';
import { parseXml } from './xml-body.ts';

/** @throws TaskFailure */
export function parseBody(bytes: Uint8Array, format: BodyFormat, deepest: number): unknown {
  // They are shared with the thread that keeps them, and do not change.
  const shared = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (shared.length === 0 && format.kind === 'auto') return null;
  const kind = format.kind === 'auto' ? guess(shared, format.contentType) : format.kind;
  const text = kind === 'xml' ? decodeXml(shared) : decode(shared);
  if (kind === 'json') return withoutPage(text, () => parseJson(text, deepest));
  if (kind === 'xml') return withoutPage(text, () => parseXml(text, deepest));
  if (format.kind === 'csv') return parseCsv(text, format.separator);
  if (format.kind === 'regex') return findRows(text, format);
  if (kind === 'page') throw malformed(`the answer is a web page${titleOf(text)}`);
  return toLines(text);
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed('the answer is not UTF-8');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** XML says by itself how it is encoded. */
function decodeXml(bytes: Buffer): string {
  const declaration = bytes.toString('latin1', 0, 200);
  const [, label = 'utf-8'] =
    /^<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)["']/.exec(declaration) ?? [];
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    throw malformed(`the answer is not ${label.slice(0, 40)}`);
  }
}

function guess(bytes: Buffer, contentType: string): 'json' | 'xml' | 'text' | 'page' {
  const type = contentType.toLowerCase();
  if (/[/+]json\b/.test(type)) return 'json';
  if (/[/+]xml\b/.test(type)) return 'xml';
  const start = bytes
    .toString('latin1', 0, 500)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (/^(<!doctype\s+html|<html)/i.test(start) || /text\/html/.test(type)) return 'page';
  if (/^[[{]/.test(start)) return 'json';
  return start.startsWith('<?xml') ? 'xml' : 'text';
}

/** Whoever gets a page where data should be has the wrong address, or is to log in. */
function withoutPage(text: string, parse: () => unknown): unknown {
  if (/^\s*(<!doctype\s+html|<html)/i.test(text)) {
    throw malformed(`the answer is a web page${titleOf(text)}`);
  }
  return parse();
}

function titleOf(text: string): string {
  const [, title = ''] = /<title[^>]*>([^<]{1,80})/i.exec(text.slice(0, 20_000)) ?? [];
  return title === '' ? '' : ` titled "${title.trim()}"`;
}

function toLines(text: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Every match, as an object of its named groups; groups that took no part are left out. */
function findRows(text: string, format: BodyFormat & { kind: 'regex' }): readonly object[] {
  const pattern = new RegExp(format.pattern, `${format.flags}g`);
  const matches = text.replaceAll('\r\n', '\n').matchAll(pattern);
  return [...matches].map(({ groups = {} }) =>
    Object.fromEntries(Object.entries(groups).filter(([, value]) => value !== undefined)),
  );
}

/** RFC 4180; the first line has the names. */
function parseCsv(text: string, separator: string): readonly object[] {
  const [names = [], ...rows] = readCsv(text, separator);
  return rows
    .filter((fields) => fields.length > 1 || fields[0] !== '')
    .map((fields) => Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ''])));
}

function readCsv(text: string, separator: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const { field, end } = readField(text, at, separator);
    row.push(field);
    const isRowEnd = text[end] !== separator;
    if (isRowEnd) rows.push(row);
    if (isRowEnd) row = [];
    at = end + (text.startsWith('\r\n', end) ? 2 : 1);
    if (isRowEnd && at >= text.length) break;
  }
  return rows;
}

function readField(text: string, start: number, separator: string) {
  const quoted = text[start] === '"' ? /"((?:[^"]|"")*)"/y : undefined;
  if (quoted !== undefined) quoted.lastIndex = start;
  const found = quoted?.exec(text);
  if (found) return { field: (found[1] ?? '').replaceAll('""', '"'), end: start + found[0].length };
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') {
    end += 1;
  }
  return { field: text.slice(start, end), end };
}
