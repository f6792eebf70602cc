/** Lines that are more than text: section headers, footers, piggyback (agent-output.md#lines). */

import { hasBrackets, isPiggybackMarker } from './brackets.ts';
import { findLookalike, type Lookalike } from './lookalikes.ts';
import { toPiggybackedHost } from './piggybacked-host.ts';
import { type InvalidHeaderRule, readSectionHeader, type SectionHeader } from './section-header.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;

export type LineKind = 'header' | 'footer' | 'piggyback-header' | 'piggyback-footer' | 'text';

/** What a marker says. */
export type Meaning =
  | { readonly kind: 'header'; readonly header: SectionHeader }
  | { readonly kind: 'invalid-header'; readonly rule: InvalidHeaderRule }
  | { readonly kind: 'footer' }
  /** `host` is undefined when the site would ignore the block. */
  | { readonly kind: 'piggyback-header'; readonly host: string | undefined }
  | { readonly kind: 'piggyback-footer' }
  /** No marker, but text as the site of today reads it. */
  | { readonly kind: 'lookalike'; readonly lookalike: Lookalike };

/** A marker, or what looks like one, and where its line stands in the output, in bytes. */
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
  if (isPiggybackMarker(output, start, end)) {
    return length === 8 ? 'piggyback-footer' : 'piggyback-header';
  }
  return length === 6 || output[start + 3] === colon ? 'footer' : 'header';
}

/** Where a line ends without the carriage returns before its line feed. */
export function trimCarriageReturns(output: Buffer, start: number, lineEnd: number): number {
  let end = lineEnd;
  while (end > start && output[end - 1] === carriageReturn) end -= 1;
  return end;
}

const brackets = Buffer.from('<<');

/**
 * All markers and lookalikes in order. Jumps from `<<` to `<<` with a native search: most output
 * has none in its rows.
 */
export function* findMarkers(output: Buffer): Generator<Marker> {
  let found = output.indexOf(brackets);
  while (found !== -1) {
    const isLineStart = found === 0 || output[found - 1] === lineFeed;
    const start = isLineStart ? found : output.lastIndexOf(lineFeed, found) + 1;
    const nextFeed = output.indexOf(lineFeed, found);
    const lineEnd = nextFeed === -1 ? output.length : nextFeed;
    const end = trimCarriageReturns(output, start, lineEnd);
    const meaning = toMeaning(output, start, end);
    if (meaning) yield { meaning, start, end, nextLine: Math.min(lineEnd + 1, output.length) };
    found = output.indexOf(brackets, lineEnd);
  }
}

const footer: Meaning = { kind: 'footer' };
const piggybackFooter: Meaning = { kind: 'piggyback-footer' };

function toMeaning(output: Buffer, start: number, end: number): Meaning | undefined {
  const kind = classifyLine(output, start, end);
  switch (kind) {
    case 'text': {
      const lookalike = findLookalike(output, start, end);
      return lookalike && { kind: 'lookalike', lookalike };
    }
    case 'footer':
      return footer;
    case 'piggyback-footer':
      return piggybackFooter;
    case 'piggyback-header':
      return { kind, host: toPiggybackedHost(output.subarray(start + 4, end - 4)) };
    case 'header': {
      const header = readSectionHeader(output, start, end);
      return typeof header === 'string'
        ? { kind: 'invalid-header', rule: header }
        : { kind, header };
    }
  }
}
