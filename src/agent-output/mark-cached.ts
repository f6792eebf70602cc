/** Agent output that is delivered again, marked for how old it is (agent-output.md#cached). */

import { keepsAscii } from './encodings.ts';
import { isBlank } from './lookalikes.ts';
import type { Marker } from './markers.ts';
import { PartialCopy } from './partial-copy.ts';
import { walkMarkers } from './states.ts';

/** More than anybody means; "unlimited" is no number to the site. */
const longestSeconds = 10 * 365 * 86_400;

/** Of these the agent marks each row, since each is a result of its own; in ASCII, if it can be. */
const markedByRow: readonly string[] = ['local', 'mrpe'];

/**
 * Marks sections as Checkmk's agents mark old ones: `cached(produced,maxAge)` goes into every
 * section header, and in front of every row of `local` and `mrpe`, unless it is there already. Rows
 * in an encoding that has no ASCII, such as UTF-16, are marked by their header. Nothing else changes.
 *
 * @param maxAgeMs how long the output counts as fresh from when it was produced
 */
export function markCached(
  output: Buffer,
  producedAt: Date,
  maxAgeMs: number,
  host: string,
): Buffer {
  const madeAt = Math.floor(producedAt.getTime() / 1000);
  const validSeconds = Math.min(Math.max(1, Math.round(maxAgeMs / 1000)), longestSeconds);
  const mark = `cached(${madeAt},${validSeconds})`;
  const [inHeader, inRow] = [Buffer.from(`:${mark}`), Buffer.from(`${mark} `)];
  const copy = new PartialCopy(output);
  let rowsFrom = output.length;
  const markRows = (until: number) => {
    for (const start of findUnmarkedRows(output, rowsFrom, until)) copy.insert(inRow, start);
  };
  for (const { marker, after } of walkMarkers(output, host)) {
    if (marker.meaning.kind === 'lookalike') continue;
    markRows(marker.start);
    const kind = kindOf(marker);
    // Within a section of its own the host's name in a piggyback header changes nothing.
    const isSame = marker.meaning.kind === 'piggyback-header' && after.place === 'main-section';
    const goesOn = isSame && rowsFrom < output.length;
    rowsFrom = kind === 'by row' || goesOn ? marker.nextLine : output.length;
    if (kind === 'by header') copy.insert(inHeader, marker.end - bracketsBytes);
  }
  markRows(output.length);
  return copy.finish();
}

function kindOf({ meaning }: Marker): 'by header' | 'by row' | 'not at all' {
  if (meaning.kind !== 'header' || meaning.header.options.cached !== undefined) return 'not at all';
  const { name, options } = meaning.header;
  return markedByRow.includes(name) && keepsAscii(options.encoding) ? 'by row' : 'by header';
}

const bracketsBytes = 3;
const rowMark = Buffer.from('cached(');
const lineFeed = 0x0a;

/** Where rows begin that have no mark yet, from `from` up to `until`; white space is no row. */
function* findUnmarkedRows(output: Buffer, from: number, until: number): Generator<number> {
  for (let start = from; start < until; ) {
    const found = output.indexOf(lineFeed, start);
    const lineEnd = found === -1 ? until : found;
    // The site takes white space off the row before it looks for a mark.
    const rowStart = skipWhite(output, start, lineEnd);
    const isMarked = output.subarray(rowStart, rowStart + rowMark.length).equals(rowMark);
    if (rowStart < lineEnd && !isMarked) yield rowStart;
    start = lineEnd + 1;
  }
}

/**
 * White space as text has it: ASCII, Python's separators, and all there is in the encoding of the
 * row. A row begins with a state or a bracket: of bytes outside ASCII only white space may precede.
 */
function skipWhite(output: Buffer, start: number, end: number): number {
  for (let offset = start; offset < end; offset += 1) {
    const byte = output.readUInt8(offset);
    const isSeparator = byte >= 0x1c && byte <= 0x1f;
    if (!isBlank(byte) && !isSeparator && byte < 0x80) return offset;
  }
  return end;
}
