/**
 * Members of a tar archive, read strictly: whatever two readers could take for different things is
 * refused. Source of the format: POSIX pax, and GNU tar's manual for long names.
 */

import { quote } from '../../faults/errors.ts';
import { Unreadable } from './problems.ts';

export interface TarMember {
  readonly name: string;
  readonly isFile: boolean;
  readonly bytes: Buffer;
}

const blockBytes = 512;

/** More than any package has; each costs us an object. */
const mostMembers = 20_000;

/** A kilobyte each for more members than there may be; what is in them is read piece by piece. */
const mostExtensionBytes = 32 * 1024 ** 2;

/** @throws Unreadable */
export function readTar(archive: Buffer): readonly TarMember[] {
  const members: TarMember[] = [];
  let position = 0;
  let extensionBytes = 0;
  let given: Extension = {};
  while (!isZero(archive.subarray(position, position + blockBytes))) {
    const header = readHeader(archive.subarray(position, position + blockBytes));
    const isExtension = extensions.includes(header.type);
    const size = isExtension ? header.size : (given.size ?? header.size);
    const start = position + blockBytes;
    const bytes = archive.subarray(start, start + size);
    if (bytes.length < size) throw cutOff();
    position = start + Math.ceil(size / blockBytes) * blockBytes;
    if (isExtension) {
      extensionBytes += blockBytes + size;
      if (extensionBytes > mostExtensionBytes) throw damaged('its extended headers are too long');
      given = join(given, readExtension(header.type, bytes));
      continue;
    }
    members.push({ name: given.name ?? header.name, isFile: isRegular(header.type), bytes });
    if (members.length > mostMembers) throw damaged(`more than ${mostMembers} members`);
    given = {};
  }
  requireEnd(archive, position);
  if (Object.keys(given).length > 0) throw damaged('a long name belongs to no member');
  return members;
}

/** Two blocks of zeros, and nothing but zeros behind them. */
function requireEnd(archive: Buffer, position: number): void {
  const end = archive.subarray(position);
  if (end.length < 2 * blockBytes || end.length % blockBytes !== 0) throw cutOff();
  if (!isZero(end)) throw new Unreadable('trailing-data', 'something follows its end');
}

interface Header {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

function readHeader(block: Buffer): Header {
  if (block.length < blockBytes) throw cutOff();
  const sum = block.reduce((total, byte, index) => total + (isSum(index) ? 0x20 : byte), 0);
  if (readOctal(block, 148, 8) !== sum) throw damaged('the sum of a header does not fit');
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const [name, prefix] = [readText(block, 0, 100), isPosix ? readText(block, 345, 155) : ''];
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: readOctal(block, 124, 12),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

/** The sum is made with blanks in its own place. */
const isSum = (index: number) => index >= 148 && index < 156;

const isRegular = (type: string) => type === '0' || type === '\0' || type === '7';

/** What is said ahead of a member about it. */
interface Extension {
  readonly name?: string;
  readonly size?: number;
}

/** Of pax for a member, of pax for all that follow, and the long name of GNU tar. */
const extensions: readonly string[] = ['x', 'g', 'L'];

/** Which of two counts depends on the reader. */
function join(given: Extension, more: Extension): Extension {
  const isTwice = Object.keys(more).some((key) => Object.hasOwn(given, key));
  if (isTwice) throw damaged('a long name or size is given twice');
  return { ...given, ...more };
}

function readExtension(type: string, bytes: Buffer): Extension {
  if (type === 'x') return readPax(bytes);
  if (type === 'L') return { name: readText(bytes, 0, bytes.length) };
  // What it says holds for all that follow: a comment is harmless, a name or size is not.
  if (Object.keys(readPax(bytes)).length > 0)
    throw damaged('one name or size is given for all members');
  return {};
}

/** Records such as `30 path=…`, their length in bytes ahead. */
function readPax(bytes: Buffer): Extension {
  let extension: Extension = {};
  let position = 0;
  while (position < bytes.length) {
    const [head = '', digits = ''] =
      /^([1-9]\d{0,8}) /.exec(bytes.toString('latin1', position, position + 10)) ?? [];
    const record = bytes.subarray(position, position + Number(digits));
    if (head === '' || record.length !== Number(digits) || record.at(-1) !== 0x0a) {
      throw damaged('an extended header is malformed');
    }
    const [key, value] = splitRecord(decode(record.subarray(head.length, -1)));
    extension = join(extension, readRecord(key, value));
    position += record.length;
  }
  return extension;
}

/** A sparse file has its name and size elsewhere; the other records are times and owners. */
function readRecord(key: string, value: string): Extension {
  if (key.startsWith('GNU.sparse.')) throw damaged('a file has holes');
  if (key === 'path') return { name: value };
  return key === 'size' ? { size: toSize(value, /^\d{1,15}$/, 10) } : {};
}

function splitRecord(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 0) throw damaged('an extended header is malformed');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function readOctal(block: Buffer, start: number, length: number): number {
  const text = block.toString('latin1', start, start + length).replace(/^ +|[ \0]+$/g, '');
  return toSize(text, /^[0-7]{1,12}$/, 8);
}

function toSize(text: string, form: RegExp, base: number): number {
  if (!form.test(text)) throw damaged('a number in a header is malformed');
  return Number.parseInt(text, base);
}

/** Up to a zero byte. */
function readText(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decode(end < 0 ? field : field.subarray(0, end));
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Unreadable('not-utf-8', `a name is not UTF-8: ${quote(bytes.toString('latin1'))}`);
  }
}

const isZero = (bytes: Buffer) => bytes.length > 0 && bytes.every((byte) => byte === 0);

const damaged = (why: string) => new Unreadable('damaged', why);
const cutOff = () => damaged('it is cut off');
