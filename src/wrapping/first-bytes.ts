/** Formats by their first bytes, in hexadecimal digits, with `..` for any byte. */

import type { Compression } from './compression.ts';

/**
 * gzip (RFC 1952), zstd (RFC 8878), zlib with the 32 kB window everybody uses (RFC 1950), xz
 * (xz-file-format 2.1.1.1), bzip2 with the mark of its first block or of its end, and compress,
 * whose third byte says how long its codes may grow: 9 to 16 bits.
 */
const compressions: readonly (readonly [compression: Compression, begins: string])[] = [
  ['gzip', '1f8b08..'],
  ['zstd', '28b52ffd'],
  ['zlib', '78(?:01|5e|9c|da)....'],
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a683[1-9](?:314159265359|177245385090)'],
  ['compress', '1f9d(?:[08]9|[08][a-f]|[19]0)'],
];

/**
 * The compression that can be undone; undefined when there is none. No agent output begins like
 * any of them: its first byte is `<`, or a digit when it is encrypted.
 */
export function recogniseCompression(bytes: Buffer): Compression | undefined {
  return isOutput(bytes) ? undefined : find(compressions, bytes);
}

/**
 * What is not unpacked, from the formats' own specifications or from file(1)'s list. A binary PGP
 * message begins with a session key, in the old form of a packet or in the new one (RFC 9580 4.2,
 * 5.1, 5.3), or with compressed data (5.6); a signature has either form, too.
 */
const foreign: readonly (readonly [is: string, begins: string])[] = [
  ['a zip archive', '504b(?:0304|0506|0708)'],
  ['a 7z archive', '377abcaf271c'],
  ['a rar archive', '526172211a07'],
  // Its mark stands behind the name of the first file, its mode and such: POSIX pax, ustar.
  ['a tar archive', '(?:..){257}7573746172(?:00|20)'],
  ['data packed with lz4', '04224d18'],
  ['data packed with lzip', `${hex('LZIP')}01`],
  ['data packed with lzma', '5d0000....(?:..){7}(?:00|ff)00'],
  ['a PGP message', `${hex('-----BEGIN PGP ')}(?:${hex('MESSAGE')}|${hex('SIGNED MESSAGE')})`],
  [
    'a PGP message',
    '(?:84..|85....)03(?:..){8}(?:01|10|12|16)|8c..04|c1..(?:03|06)|c3..(?:04|06)|a3(?:01|02|03)',
  ],
  ['a PGP signature', `${hex('-----BEGIN PGP SIGNATURE')}|(?:88..|89....|c2..)04`],
  ['a PGP key', `${hex('-----BEGIN PGP ')}(?:${hex('PUBLIC KEY')}|${hex('PRIVATE KEY')})`],
  ['a file encrypted with age', hex('age-encryption.org/')],
  ['a file encrypted with openssl', hex('Salted__')],
];

/** What bytes are that are never unpacked, as in "this is a zip archive"; undefined for all else. */
export function recogniseForeign(bytes: Buffer): string | undefined {
  return isOutput(bytes) ? undefined : find(foreign, bytes);
}

/** Whether bytes begin with `<`, as nothing of all these does. */
function isOutput(bytes: Buffer): boolean {
  return bytes[0] === 0x3c;
}

/** Enough to include the mark of a tar archive. */
const mostBytes = 264;

function find<Name>(table: readonly (readonly [Name, string])[], bytes: Buffer): Name | undefined {
  const digits = bytes.toString('hex', 0, mostBytes);
  return table.find(([, begins]) => new RegExp(`^(?:${begins})`).test(digits))?.[0];
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
