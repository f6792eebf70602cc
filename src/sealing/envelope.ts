/**
 * The envelope of all signed documents: a payload of text, a marker, signatures
 * (sealed-drops.md#envelope). Nothing of the payload is looked at here: that is for those who have
 * verified a signature.
 */

import { CourierError } from '../faults/errors.ts';
import { fromBase64Lines, toBase64Lines } from './base64-lines.ts';

/** `key`: RSA, made with a private key. `mac`: HMAC, made with a shared secret; in drops only. */
export type SignatureKind = 'key' | 'mac';

export interface Signature {
  readonly kind: SignatureKind;
  /** Of the key or the secret: 64 hexadecimal digits in lower case. */
  readonly id: string;
  readonly bytes: Buffer;
}

export interface Envelope {
  /** What is signed: every byte up to the marker, the last line feed included. */
  readonly payload: Buffer;
  readonly signatures: readonly Signature[];
}

const marker = '-- signatures';
const mostSignatures = 16;

/** Line feed, and what ASCII can print. */
const foreignByte = /[^\n\x20-\x7e]/;

/**
 * Takes an envelope apart: bytes, then the marker, then the signatures.
 *
 * @param kinds which a document of this kind may have
 * @throws CourierError MALFORMED
 */
export function splitEnvelope(bytes: Buffer, kinds: readonly SignatureKind[]): Envelope {
  const text = bytes.toString('latin1');
  requirePrintable(text);
  if (!text.endsWith('\n')) throw malformed('its last line has no end');
  const start = findMarker(text);
  const lines = text.slice(start + marker.length + 1, -1).split('\n');
  return { payload: bytes.subarray(0, start), signatures: toSignatures(lines, kinds) };
}

/** The bytes of an envelope. */
export function joinEnvelope({ payload, signatures }: Envelope): Buffer {
  const lines = signatures.flatMap(({ kind, id, bytes }) => [
    `${kind} ${id}`,
    ...toBase64Lines(bytes),
  ]);
  return Buffer.concat([payload, Buffer.from(`${[marker, ...lines].join('\n')}\n`)]);
}

function requirePrintable(text: string): void {
  const found = foreignByte.exec(text);
  if (found === null) return;
  const code = found[0].charCodeAt(0).toString(16).padStart(2, '0');
  const hint = code === '0d' ? ', as a transfer of text leaves it' : '';
  throw malformed(`there is a byte 0x${code} in it${hint}`);
}

/** Where the one line of dashes begins. */
function findMarker(text: string): number {
  const lines = [...text.matchAll(/^--.*$/gm)];
  const [found] = lines;
  if (found === undefined) throw malformed('it has no signatures');
  const stray = lines.find(([line]) => line !== marker);
  if (stray !== undefined || lines.length > 1) throw malformed('it has more than one marker');
  return found.index;
}

const header = /^(key|mac) ([0-9a-f]{64})$/;

function toSignatures(
  lines: readonly string[],
  kinds: readonly SignatureKind[],
): readonly Signature[] {
  if (!header.test(lines[0] ?? '')) throw malformed('it has no signatures');
  const signatures: { kind: SignatureKind; id: string; lines: string[] }[] = [];
  for (const line of lines) {
    const [, name, id = ''] = header.exec(line) ?? [];
    const kind = kinds.find((known) => known === name);
    if (kind !== undefined) signatures.push({ kind, id, lines: [] });
    else if (/^[A-Za-z0-9+/=]+$/.test(line)) signatures.at(-1)?.lines.push(line);
    else throw malformed('there is a line among its signatures that is none');
  }
  if (signatures.length > mostSignatures) {
    throw malformed(`it has more than ${mostSignatures} signatures`);
  }
  return signatures.map(({ kind, id, lines: base64 }) => ({
    kind,
    id,
    bytes: fromBase64Lines(base64, 'a signature'),
  }));
}

function malformed(how: string): CourierError {
  return new CourierError('MALFORMED', `a damaged signed document: ${how}`);
}
