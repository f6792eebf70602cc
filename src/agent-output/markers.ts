/** Lines that are more than text: section headers, footers, piggyback (agent-output.md#lines). */

import { toPiggybackedHost } from './piggybacked-host.ts';
import { type InvalidHeaderRule, readSectionHeader, type SectionHeader } from './section-header.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const less = 0x3c;
const greater = 0x3e;
const colon = 0x3a;

export type LineKind = 'header' | 'footer' | 'piggyback-header' | 'piggyback-footer' | 'text';

/** What a marker says. */
export type Meaning =
  | { readonly kind: 'header'; readonly header: SectionHeader }
  | { readonly kind: 'invalid-header'; readonly rule: InvalidHeaderRule }
  | { readonly kind: 'footer' }
  /** `host` is undefined when the site would ignore the block. */
  | { readonly kind: 'piggyback-header'; readonly host: string | undefined }
  | { readonly kind: 'piggyback-footer' };

/** A marker and where its line stands in the output, in bytes. */
export interface Marker {
  readonly meaning: Meaning;
  readonly start: number;
  /** Without the line end. */
  readonly end: number;
  /** Where the next line begins, or the output ends. */
  readonly nextLine: number;
}

/** What kind of line stands from `start` to `end`, line end and carriage returns not included. */
export function classifyLine(output: Buffer, start: number, end: number): LineKind {
  if (!hasBrackets(output, start, end)) return 'text';
  const length = end - start;
  const inner = output[start + 3];
  if (inner === less && output[end - 4] === greater) {
    return length === 8 ? 'piggyback-footer' : 'piggyback-header';
  }
  return length === 6 || inner === colon ? 'footer' : 'header';
}

/** `<<<` at the start and `>>>` at the end; a shorter line cannot hold both. */
function hasBrackets(output: Buffer, start: number, end: number): boolean {
  return (
    output[start] === less &&
    output[start + 1] === less &&
    output[start + 2] === less &&
    output[end - 1] === greater &&
    output[end - 2] === greater &&
    output[end - 3] === greater
  );
}

/** Where a line ends without the carriage returns before its line feed. */
export function trimCarriageReturns(output: Buffer, start: number, lineEnd: number): number {
  let end = lineEnd;
  while (end > start && output[end - 1] === carriageReturn) end -= 1;
  return end;
}

const lineStartingLikeMarker = Buffer.from('\n<<<');

/** All markers in order. Jumps over text with a native search: most output is text. */
export function* findMarkers(output: Buffer): Generator<Marker> {
  let start: number | undefined = 0;
  while (start !== undefined) {
    const found = output.indexOf(lineFeed, start);
    const lineEnd = found === -1 ? output.length : found;
    const end = trimCarriageReturns(output, start, lineEnd);
    const meaning = toMeaning(output, start, end);
    if (meaning) yield { meaning, start, end, nextLine: Math.min(lineEnd + 1, output.length) };
    start = nextCandidate(output, lineEnd);
  }
}

function nextCandidate(output: Buffer, from: number): number | undefined {
  const found = output.indexOf(lineStartingLikeMarker, from);
  return found === -1 ? undefined : found + 1;
}

const footer: Meaning = { kind: 'footer' };
const piggybackFooter: Meaning = { kind: 'piggyback-footer' };

function toMeaning(output: Buffer, start: number, end: number): Meaning | undefined {
  const kind = classifyLine(output, start, end);
  switch (kind) {
    case 'text':
      return undefined;
    case 'footer':
      return footer;
    case 'piggyback-footer':
      return piggybackFooter;
    case 'piggyback-header':
      return { kind, host: toPiggybackedHost(output.subarray(start + 4, end - 4)) };
    case 'header': {
      const header = readSectionHeader(output.subarray(start, end));
      return typeof header === 'string'
        ? { kind: 'invalid-header', rule: header }
        : { kind, header };
    }
  }
}
