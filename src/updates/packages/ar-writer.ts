/** Files → an archive of ar(5), the outer form of a Debian package: deb(5). */

import { CourierError } from '../../faults/errors.ts';

export interface ArMember {
  /** At most 16 bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Writes the members in the order given; they belong to root and are from 1970. */
export function writeAr(members: readonly ArMember[]): Buffer {
  const blocks = members.flatMap(({ name, bytes }) => [
    makeHeader(name, bytes.length),
    bytes,
    // Every member begins at an even place.
    Buffer.from(bytes.length % 2 === 0 ? '' : '\n'),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...blocks]);
}

/** Name, time, owner, group, mode, size, each with blanks behind it. */
function makeHeader(name: string, size: number): Buffer {
  const fields = [
    [name, 16],
    ['0', 12],
    ['0', 6],
    ['0', 6],
    ['100644', 8],
    [String(size), 10],
  ] as const;
  const tooLong = fields.find(([text, width]) => text.length > width);
  if (tooLong !== undefined) {
    throw new CourierError('INTERNAL', `too long for an archive: ${tooLong[0]}`);
  }
  return Buffer.from(`${fields.map(([text, width]) => text.padEnd(width)).join('')}\`\n`);
}
