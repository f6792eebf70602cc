/**
 * Lines that are text to the site of today and yet have something of a marker: another version
 * reads them as one, or whoever wrote them meant one.
 */

import { hasBrackets, isPiggybackMarker } from './brackets.ts';

/**
 * `wrapped`: older versions take the white space off and see the marker. `glued` and `damaged` no
 * version takes for a marker; for piggyback that only shows in what follows.
 */
export type Lookalike =
  | { readonly kind: 'wrapped' | 'wrapped piggyback' }
  | { readonly kind: 'glued' | 'damaged' }
  | LostPiggyback;

export interface LostPiggyback {
  readonly kind: 'lost piggyback';
  /** The end of a block, not the beginning of one. */
  readonly isClosing: boolean;
  /**
   * Complete, and with a name as hosts have. Anything else counts only with a header right behind
   * it: logs draw such things, too.
   */
  readonly isSure: boolean;
}

/** Text in the middle of a very long line is not looked at. */
const lookedAtBytes = 2048;

const byteOrderMark = '\xef\xbb\xbf';
const header = '<<<[A-Za-z0-9_]+(?::[^<>]*)?>>>';
const gluedHeader = new RegExp(`[^<]${header}$|^${header}[^>]`);
const damagedHeader = /^<{2,3}[A-Za-z0-9_]+(?::[^<>]*)?>{2,3}$/;
/** At an end of the line, or with a marker right behind it; or short of brackets. */
const lostPiggyback = new RegExp(
  [
    '<<<<([^<>]*)>>>>[\\t\\v\\f\\r ]*(?:$|<<<)',
    `^(?:${byteOrderMark})?<<<<([^<>]+)>>>>`,
    '^<<<<([^<>:()]+)>{1,3}$',
    '^<{1,3}([^<>:()]+)>>>>$',
  ].join('|'),
);
/** What hosts are called that need no translation. */
const plainName = /^[-\w.]*$/;

/** What a line that is no marker, but has `<<` in it, looks like. */
export function findLookalike(output: Buffer, start: number, end: number): Lookalike | undefined {
  const [from, to] = trim(output, start, end);
  if (hasBrackets(output, from, to)) {
    return { kind: isPiggybackMarker(output, from, to) ? 'wrapped piggyback' : 'wrapped' };
  }
  const text = textOf(output, start, end);
  const lost = findLostIn(text);
  if (lost !== undefined) return lost;
  // At the start of the output that mark has a rule of its own.
  if (start === 0 && text.startsWith(byteOrderMark)) return undefined;
  if (gluedHeader.test(text)) return { kind: 'glued' };
  return damagedHeader.test(text) ? { kind: 'damaged' } : undefined;
}

/** A piggyback marker that is lost in a section header, which takes up the whole line. */
export function findLostPiggyback(
  output: Buffer,
  start: number,
  end: number,
): LostPiggyback | undefined {
  return findLostIn(textOf(output, start, end));
}

function findLostIn(text: string): LostPiggyback | undefined {
  const [, whole, ahead, ...damaged] = lostPiggyback.exec(text) ?? [];
  const name = whole ?? ahead;
  if (name !== undefined) {
    return { kind: 'lost piggyback', isClosing: name === '', isSure: plainName.test(name) };
  }
  const isDamaged = damaged.some((found) => found !== undefined);
  return isDamaged ? { kind: 'lost piggyback', isClosing: false, isSure: false } : undefined;
}

function textOf(output: Buffer, start: number, end: number): string {
  if (end - start <= 2 * lookedAtBytes) return output.toString('latin1', start, end);
  const head = output.toString('latin1', start, start + lookedAtBytes);
  return `${head}\n${output.toString('latin1', end - lookedAtBytes, end)}`;
}

/** A line without ASCII white space at its ends: where it begins and ends then. */
function trim(output: Buffer, start: number, end: number): readonly [number, number] {
  let [from, to] = [start, end];
  while (from < to && isBlank(output[from])) from += 1;
  while (to > from && isBlank(output[to - 1])) to -= 1;
  return [from, to];
}

/** Blank, and tab to carriage return. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
