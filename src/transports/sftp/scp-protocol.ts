/**
 * What `scp -p -f FILE` prints on a host: `T` and times, `C` and mode, size and name, the bytes, and
 * a byte that says whether they were all read well; in place of any of these `\1` or `\2` and what
 * is wrong. Before each step it waits for a zero byte from us. There is no standard; scp.c of
 * OpenSSH is followed by dropbear and the rest.
 */

/** What the host announces of a file. */
export interface ScpHeader {
  readonly size: number;
  /** When it was last written, in seconds; undefined when the host does not say. */
  readonly modifiedAt: number | undefined;
}

/**
 * How far an answer has come: `torn` ends too soon, `unread` holds what the host could not read,
 * `refused` says why there is none, `foreign` is another protocol. `next` is what is announced
 * behind a whole file.
 */
export type ScpAnswer =
  | {
      readonly kind: 'whole';
      readonly header: ScpHeader;
      readonly output: Buffer;
      readonly next: ScpHeader | undefined;
    }
  | { readonly kind: 'torn' | 'unread' | 'large'; readonly header: ScpHeader }
  | { readonly kind: 'refused'; readonly said: string }
  | { readonly kind: 'foreign' };

/** Longer than any line of the protocol: a name has at most 255 bytes. */
const longestLine = 4096;

/**
 * Reads what has come.
 *
 * @param bytes everything the host has printed
 * @param maxBytes what is larger is not looked at
 */
export function parseScp(bytes: Buffer, maxBytes: number): ScpAnswer {
  const first = parseHeader(bytes);
  if (!('header' in first)) return first;
  const { header, rest } = first;
  if (header.size > maxBytes) return { kind: 'large', header };
  const output = rest.subarray(0, header.size);
  const end = rest.subarray(header.size);
  if (output.length < header.size || end.length === 0) return { kind: 'torn', header };
  // It fills up what it could not read, and says so behind it.
  if (end[0] !== 0) return { kind: 'unread', header };
  const next = parseHeader(end.subarray(1));
  return { kind: 'whole', header, output, next: 'header' in next ? next.header : undefined };
}

type Head =
  | { readonly header: ScpHeader; readonly rest: Buffer }
  | Extract<ScpAnswer, { kind: 'refused' | 'foreign' }>;

function parseHeader(bytes: Buffer): Head {
  const [times, afterTimes] = splitLine(bytes);
  const modified = /^T(\d{1,15}) \d+ \d+ \d+$/.exec(times);
  const [line, rest] = modified === null ? [times, afterTimes] : splitLine(afterTimes);
  if (line.startsWith('\x01') || line.startsWith('\x02')) {
    return { kind: 'refused', said: line.slice(1) };
  }
  const [, size] = /^C[0-7]{3,5} (\d{1,15}) ./.exec(line) ?? [];
  if (size === undefined) return { kind: 'foreign' };
  const modifiedAt = modified === null ? undefined : Number(modified[1]);
  return { header: { size: Number(size), modifiedAt }, rest };
}

/** The text before the first line feed, and what follows it. */
function splitLine(bytes: Buffer): readonly [string, Buffer] {
  const end = bytes.subarray(0, longestLine).indexOf('\n');
  if (end < 0) return ['', bytes.subarray(0, 0)];
  return [bytes.subarray(0, end).toString(), bytes.subarray(end + 1)];
}
