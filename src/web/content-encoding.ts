/** Content codings (RFC 9110 8.4): what a web server did to the output on the way. */

import { CourierError, quote } from '../faults/errors.ts';
import type { Compression } from '../wrapping/compression.ts';
import type { OutputLimit } from '../wrapping/decompress.ts';

/** What we ask for: everything we can undo. */
export const acceptedEncodings = 'gzip, deflate, br, zstd';

const mostCodings = 4;

type Choose = (bytes: Buffer) => Compression;

const codings: Readonly<Record<string, Choose>> = {
  gzip: () => 'gzip',
  'x-gzip': () => 'gzip',
  deflate: (bytes) => (isZlib(bytes) ? 'zlib' : 'deflate-raw'),
  br: () => 'brotli',
  zstd: () => 'zstd',
};

/**
 * Undoes the codings a response names, the last one first.
 *
 * @param header the value of Content-Encoding
 * @throws CourierError PEER for an unknown coding, TOO_LARGE, MALFORMED when damaged
 */
export async function decodeContent(
  body: Buffer,
  header: string | undefined,
  limit: OutputLimit,
): Promise<Buffer> {
  const chain = parseCodings(header ?? '');
  let bytes = body;
  // A response without a body has none to decode, whatever its header says.
  if (chain.length === 0 || body.length === 0) return bytes;
  const { decompress } = await import('../wrapping/decompress.ts');
  for (const choose of chain.toReversed()) bytes = await decompress(bytes, choose(bytes), limit);
  return bytes;
}

function parseCodings(header: string): readonly Choose[] {
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > mostCodings) {
    throw new CourierError('PEER', `more than ${mostCodings} content encodings`);
  }
  return names.map((name) => {
    const choose = Object.hasOwn(codings, name) ? codings[name] : undefined;
    if (choose === undefined) {
      throw new CourierError('PEER', `unknown content encoding ${quote(name)}`);
    }
    return choose;
  });
}

/** "deflate" means zlib, but some servers send it bare. RFC 1950 2.2: the check bits of a header. */
function isZlib(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}
