/**
 * What a file in the ready directory holds. Its time of modification is the moment it expires. That
 * alone would not do: a clock that is set back, or a boot with a directory on disk, would make good
 * what had expired, and whoever may write there could give one host's output to another. So the
 * first line says more, and all behind it is what goes out:
 *
 * `cmk-courier-ready/2 HOST BOOT SECOND ADDRESS CODE LINE`
 *
 * It is expired from that second since that boot on; it was fetched from that address, `-` when the
 * site need not care; CODE is 0 for output, else the exit code that goes with the LINE for stderr.
 * With CODE 0 a LINE tells the fault for which old output stands in.
 */

import type { HostName } from '../names/host-name.ts';

/** What the files of every version of this program begin with. */
export const anyMark = 'cmk-courier-ready/';

const mark = `${anyMark}2`;

/** Until when something is good, and for whom. */
export interface Expiry {
  readonly bootId: string;
  /** Seconds since that boot. */
  readonly second: number;
  /** `-` when any address will do. */
  readonly address: string;
}

/** The first line, with its end. */
export function makeFirstLine(
  host: HostName,
  { bootId, second, address }: Expiry,
  outcome: string,
): Buffer {
  return Buffer.from(`${mark} ${host} ${bootId} ${second} ${address} ${outcome}\n`);
}

/** A first line, taken apart. */
export interface FirstLine extends Expiry {
  /** With its end. */
  readonly bytes: number;
  readonly exitCode: number;
  readonly line: string | undefined;
}

const firstLine = /^(\S+) (\S+) (\S+) (\d{1,12}) (\S+) (\d{1,2})(?: (.+))?\n/;

/** What the start of a host's file says; undefined when it is none, or another host's. */
export function parseFirstLine(host: HostName, start: string): FirstLine | undefined {
  const [whole, version, named, bootId = '', second, address = '', code, line] =
    firstLine.exec(start) ?? [];
  if (whole === undefined || version !== mark || named !== host) return undefined;
  const bytes = Buffer.byteLength(whole);
  return { bytes, bootId, second: Number(second), address, exitCode: Number(code), line };
}
