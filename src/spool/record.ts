/**
 * What a file of the spool holds: one line that says what it is, then the output. The line ends
 * with who brought it, and begins with a checksum over everything behind it:
 *
 * `cmk-courier-spool/1 crc32=1a2b3c4d bytes=30127 host=web01 received=2026-… produced=2026-… from=upload web01`
 */

import { crc32 } from 'node:zlib';
import { cleanText } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';

/** Agent output of a host, and what is known of its way. */
export interface NewOutput {
  readonly host: HostName;
  readonly output: Buffer;
  readonly producedAt: Date;
  readonly receivedAt: Date;
  /** Who brought it, for messages: `agent-controller UUID`, `upload IDENTITY`, `collector SOURCE`. */
  readonly origin: string;
}

/** The same as it came out of the spool; its origin is cut and cleaned. */
export interface SpooledOutput extends NewOutput {}

/** What can be known of output without reading it. */
export interface Header {
  readonly host: string;
  /** Of the output alone. */
  readonly bytes: number;
  readonly producedAt: Date;
  readonly receivedAt: Date;
  readonly origin: string;
}

const start = 'cmk-courier-spool/1 crc32=';
const bytesBeforeSummed = start.length + 8;
const headerLine =
  /^cmk-courier-spool\/1 crc32=([0-9a-f]{8}) bytes=(\d{1,15}) host=(\S+) received=(\S+) produced=(\S+) from=(.*)$/;

/** No header is longer. */
export const longestHeaderBytes = 2048;

const longestOrigin = 200;

/** Who brought it, fit for a line. */
export function cleanOrigin(origin: string): string {
  return cleanText(origin, longestOrigin);
}

/** The header of a file; the output follows it. */
export function makeHeader({ host, output, ...about }: NewOutput): Buffer {
  const received = about.receivedAt.toISOString();
  const produced = about.producedAt.toISOString();
  const origin = cleanOrigin(about.origin);
  const bytes = output.length;
  const summed = ` bytes=${bytes} host=${host} received=${received} produced=${produced} from=${origin}\n`;
  return Buffer.from(start + toHex(crc32(output, crc32(summed))) + summed);
}

/** What the start of a file says; undefined when it is none of ours, or torn before `fileBytes`. */
export function readHeader(begin: Buffer, fileBytes: number): Header | undefined {
  return parse(begin, fileBytes)?.header;
}

/** What a file holds; undefined when it is none of ours or not exactly as it was written. */
export function readRecord(file: Buffer, host: HostName): SpooledOutput | undefined {
  const parsed = parse(file, file.length);
  if (parsed === undefined || parsed.header.host !== host) return undefined;
  if (toHex(crc32(file.subarray(bytesBeforeSummed))) !== parsed.sum) return undefined;
  const { producedAt, receivedAt, origin } = parsed.header;
  return { host, output: file.subarray(parsed.outputAt), producedAt, receivedAt, origin };
}

interface Parsed {
  readonly header: Header;
  readonly sum: string;
  /** The first byte of the output. */
  readonly outputAt: number;
}

function parse(begin: Buffer, fileBytes: number): Parsed | undefined {
  const end = begin.subarray(0, longestHeaderBytes).indexOf('\n');
  const [, sum = '', length, host = '', received = '', produced = '', origin = ''] =
    headerLine.exec(begin.toString('utf8', 0, Math.max(end, 0))) ?? [];
  const bytes = Number(length);
  if (length === undefined || end + 1 + bytes !== fileBytes) return undefined;
  const [receivedAt, producedAt] = [new Date(received), new Date(produced)];
  if (Number.isNaN(receivedAt.getTime()) || Number.isNaN(producedAt.getTime())) return undefined;
  return { header: { host, bytes, producedAt, receivedAt, origin }, sum, outputAt: end + 1 };
}

function toHex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
