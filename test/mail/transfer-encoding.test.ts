import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTransfer } from '../../src/mail/transfer-encoding.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

function decode(encoding: string, text: string): string {
  return decodeTransfer(Buffer.from(text, 'latin1'), encoding).toString('latin1');
}

test('base64 gives every byte, whatever the line ends between', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const lines = bytes.toString('base64').replace(/.{60}/g, '$&\r\n');
  assert.deepEqual(decodeTransfer(Buffer.from(`${lines}\r\n`), 'base64'), bytes);
  assert.equal(decode('base64', 'aGVs\nbG8=\n'), 'hello');
  assert.equal(decode('base64', ''), '');
});

test('damaged base64 is MALFORMED, and not what is left of it', () => {
  for (const text of ['aGVs*bG8=', 'aGVsbG8', 'aGVs=bG8=', '=', 'aGVsbG8=\r\n-- \r\nfooter']) {
    assert.equal(catchThrown(() => decode('base64', text)).code, 'MALFORMED', text);
  }
});

test('quoted-printable gives bytes, with soft line breaks undone', () => {
  assert.equal(decode('quoted-printable', 'M=FCller =3D=3D a=\r\nb\r\n'), 'M\xfcller == ab\n');
  assert.equal(decode('quoted-printable', 'a=0D=0Ab=0D\r\n'), 'a\r\nb\r\n');
  assert.equal(decode('quoted-printable', 'blanks   \r\nkept=20\r\n'), 'blanks\nkept \n');
  assert.equal(decode('quoted-printable', 'cut=\r\n'), 'cut');
  assert.equal(decode('quoted-printable', 'cut='), 'cut');
  assert.equal(decode('quoted-printable', '=e4=E4'), '\xe4\xe4');
});

test('damaged quoted-printable is MALFORMED', () => {
  for (const text of ['a=XYb', 'a=4', 'a = b', '==\r\n']) {
    assert.equal(catchThrown(() => decode('quoted-printable', text)).code, 'MALFORMED', text);
  }
});

test('a line end is LF in 7bit and 8bit, and as it is in binary', () => {
  for (const encoding of ['', '7bit', '8bit']) {
    assert.equal(decode(encoding, 'M\xfcller\r\n\r\nx\rb\n'), 'M\xfcller\n\nx\rb\n');
  }
  assert.equal(decode('binary', 'a\r\nb\n\0'), 'a\r\nb\n\0');
});

test('an unknown encoding is MALFORMED, in words', () => {
  const fault = catchThrown(() => decode('x-uuencode', 'a'));
  assert.equal(fault.code, 'MALFORMED');
  assert.equal(fault.message, 'unknown transfer encoding "x-uuencode"');
});

test('megabytes of blanks take no time', () => {
  const text = `${' '.repeat(3_000_000)}x\r\n`;
  assert.equal(decode('quoted-printable', text).length, 3_000_002);
});
