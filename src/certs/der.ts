/** Reading DER (X.690), as far as certificates and signing requests need it: byte-exact and strict. */

import { CourierError } from '../faults/errors.ts';

/** One element of DER. */
export interface DerElement {
  /** Class, form and number in the one byte they take here. */
  readonly tag: number;
  /** All of it, with tag and length. */
  readonly bytes: Buffer;
  readonly content: Buffer;
}

export const tags = {
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * Reads an element that is all there is.
 *
 * @throws CourierError MALFORMED also when it has another tag
 */
export function readDer(bytes: Buffer, tag: number): DerElement {
  const element = readElement(bytes, 0);
  if (element.bytes.length !== bytes.length) throw notDer('something follows its end');
  if (element.tag !== tag) throw unexpected();
  return element;
}

/**
 * The elements inside a constructed one.
 *
 * @throws CourierError MALFORMED
 */
export function childrenOf({ tag, content }: DerElement): readonly DerElement[] {
  if ((tag & 0x20) === 0) throw notDer('an element that should have parts has none');
  const children: DerElement[] = [];
  for (let offset = 0; offset < content.length; ) {
    const child = readElement(content, offset);
    children.push(child);
    offset += child.bytes.length;
  }
  return children;
}

/**
 * The child at `index`, which has to have that tag.
 *
 * @throws CourierError MALFORMED
 */
export function childAt(parent: DerElement, index: number, tag: number): DerElement {
  const child = childrenOf(parent)[index];
  if (child?.tag === tag) return child;
  throw unexpected();
}

/**
 * The bytes of a BIT STRING that holds whole bytes.
 *
 * @throws CourierError MALFORMED
 */
export function bitsOf({ tag, content }: DerElement): Buffer {
  if (tag !== tags.bitString || content[0] !== 0) throw notDer('a bit string is not whole bytes');
  return content.subarray(1);
}

/** `2.5.4.3` for the content of an OBJECT IDENTIFIER (X.690, 8.19). */
export function toOid({ content }: DerElement): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...others] = numbers;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...others].join('.');
}

function readElement(bytes: Buffer, start: number): DerElement {
  const tag = bytes[start] ?? 0;
  if ((tag & 0x1f) === 0x1f) throw notDer('a tag of several bytes');
  const { length, headerBytes } = readLength(bytes, start + 1);
  const contentStart = start + 1 + headerBytes;
  const end = contentStart + length;
  if (end > bytes.length) throw notDer('it ends too early');
  return { tag, bytes: bytes.subarray(start, end), content: bytes.subarray(contentStart, end) };
}

/** Only the shortest form is allowed (X.690, 10.1), and nothing here has more than 64 kB. */
function readLength(bytes: Buffer, at: number) {
  const first = bytes[at] ?? 0x80;
  if (first < 0x80) return { length: first, headerBytes: 1 };
  const count = first & 0x7f;
  if (count === 0 || count > 2 || at + count >= bytes.length) throw notDer('a length is wrong');
  const length = bytes.readUIntBE(at + 1, count);
  if (length < (count === 1 ? 0x80 : 0x100)) throw notDer('a length is not in its shortest form');
  return { length, headerBytes: 1 + count };
}

function unexpected(): CourierError {
  return notDer('its parts are not those the standard names');
}

function notDer(why: string): CourierError {
  return new CourierError('MALFORMED', `not valid DER: ${why}`);
}
