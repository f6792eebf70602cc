/**
 * The histories of a day in one file: a line that says how long the head is, the head as JSON, the
 * columns, and a checksum of all of it. Bytes are as this machine has them: the file is for the next
 * start here.
 */

import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { fileStatus } from '../../files/file-calls.ts';
import { readStart, withOpened } from '../../files/read-start.ts';
import { replaceFileInPieces } from '../../system/durable-files.ts';
import type { Column, KeptHosts } from './host-history.ts';
import type { KeptSeries } from './series-history.ts';

/** For a million hosts. */
const mostBytes = 512 * 1024 * 1024;
const checksumBytes = 4;
const magic = 'cmk-courier-history/1';
const firstLine = new RegExp(`^${magic} head=(\\d{1,9})\\n`);

export interface KeptHistory {
  readonly hosts: KeptHosts;
  readonly series: KeptSeries;
}

const headShape = z.object({
  hosts: z.object({
    newest: z.int().min(0).optional(),
    names: z.array(z.string().max(300)),
    /** How many hosts each column has room for. */
    room: z.int().min(0).multipleOf(8),
    columns: z.int().min(0).max(1000),
  }),
  series: z.object({
    newest: z.int().min(0).optional(),
    names: z.array(z.string().max(300)),
    length: z.int().min(0).max(10_000),
  }),
});
type Head = z.infer<typeof headShape>;

/** @throws CourierError LOCAL; the old file is still there then */
export async function writeHistory(path: string, kept: KeptHistory): Promise<void> {
  await replaceFileInPieces(path, withChecksum(toPieces(kept)));
}

/**
 * Undefined where there is no file.
 *
 * @throws CourierError LOCAL when it cannot be read or is damaged
 */
export async function readHistory(path: string): Promise<KeptHistory | undefined> {
  try {
    const bytes = await withOpened(path, async (descriptor) => {
      const { size } = await fileStatus(descriptor);
      if (size > mostBytes) throw damaged(`has ${size} bytes`);
      return readStart(descriptor, size);
    });
    if (bytes === 'gone') return undefined;
    if (bytes === 'not a file') throw damaged('is no file');
    return parse(bytes);
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
}

function* toPieces({ hosts, series }: KeptHistory): Generator<Uint8Array> {
  const [first] = hosts.columns;
  const [oneSeries] = series.columns.values();
  const head: Head = {
    hosts: {
      newest: hosts.newest,
      names: [...hosts.hosts],
      room: first?.ages.length ?? 0,
      columns: hosts.columns.length,
    },
    series: {
      newest: series.newest,
      names: [...series.columns.keys()],
      length: oneSeries?.length ?? 0,
    },
  };
  const text = Buffer.from(JSON.stringify(head));
  yield Buffer.from(`${magic} head=${text.length}\n`);
  yield text;
  for (const { ages, durations, faulty } of hosts.columns) yield* [ages, durations, faulty];
  for (const column of series.columns.values()) yield toBytes(column);
}

function toBytes({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function* withChecksum(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let sum = 0;
  for (const piece of pieces) {
    // Cycles go on meanwhile: what is summed has to be what is written.
    const copy = Buffer.from(piece);
    sum = crc32(copy, sum);
    yield copy;
  }
  const end = Buffer.alloc(checksumBytes);
  end.writeUInt32LE(sum);
  yield end;
}

function parse(bytes: Buffer): KeptHistory {
  const end = bytes.length - checksumBytes;
  if (end < 0 || crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw damaged('is damaged');
  }
  const [line = '', digits = ''] = firstLine.exec(bytes.toString('latin1', 0, 64)) ?? [];
  const headEnd = line.length + Number(digits);
  if (line === '' || headEnd > end) throw damaged('is of another version');
  const head = headShape.parse(JSON.parse(bytes.toString('utf8', line.length, headEnd)));
  return cut(head, bytes.subarray(headEnd, end));
}

function cut({ hosts, series }: Head, bytes: Buffer): KeptHistory {
  const wanted = hosts.columns * (2 + 1 / 8) * hosts.room + series.names.length * series.length * 4;
  if (bytes.length !== wanted || hosts.names.length > hosts.room) throw damaged('is damaged');
  let at = 0;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const columns: Column[] = [];
  for (let index = 0; index < hosts.columns; index += 1) {
    const [ages, durations] = [take(hosts.room), take(hosts.room)];
    columns.push({ ages, durations, faulty: take(hosts.room / 8) });
  }
  const figures = series.names.map((name): readonly [string, Float32Array] => {
    // A copy of its own begins where numbers of four bytes may.
    const copy = Uint8Array.from(take(series.length * 4));
    return [name, new Float32Array(copy.buffer)];
  });
  return {
    hosts: { newest: hosts.newest, hosts: hosts.names, columns },
    series: { newest: series.newest, columns: new Map(figures) },
  };
}

function damaged(how: string): CourierError {
  return new CourierError('LOCAL', `the history ${how}`);
}
