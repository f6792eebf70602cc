/** What a controller sends inside TLS (agent-port.md#frame). */

import { deflateSync } from 'node:zlib';

interface FrameHeader {
  readonly version?: number;
  /** 0 for none, 1 for zlib; anything else is no compression this knows, and left alone. */
  readonly compression?: number;
}

/** The frame of a real controller, or one that differs in its header. */
export function toFrame(
  output: Buffer,
  { version = 0, compression = 1 }: FrameHeader = {},
): Buffer {
  const header = Buffer.from([version >> 8, version & 0xff, compression]);
  return Buffer.concat([header, compression === 1 ? deflateSync(output) : output]);
}

/** A frame whose zlib stream lacks its end. */
export function toCutFrame(output: Buffer, missingBytes = 10): Buffer {
  const frame = toFrame(output);
  return frame.subarray(0, frame.length - missingBytes);
}

/** A small frame that unpacks to `bytes` blanks behind a section header. */
export function toBomb(bytes: number): Buffer {
  return toFrame(Buffer.concat([Buffer.from('<<<check_mk>>>\n'), Buffer.alloc(bytes, ' ')]));
}
