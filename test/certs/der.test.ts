import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitsOf, childAt, childrenOf, readDer, tags, toOid } from '../../src/certs/der.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

const read = (hex: string, tag: number = tags.sequence) => readDer(Buffer.from(hex, 'hex'), tag);

test('an element is read with its parts, byte by byte', () => {
  const element = read('300706035504030500');
  assert.deepEqual(
    childrenOf(element).map(({ bytes }) => bytes.toString('hex')),
    ['0603550403', '0500'],
  );
  assert.equal(toOid(childAt(element, 0, tags.oid)), '2.5.4.3');
});

test('lengths of one and two bytes are read', () => {
  const short = Buffer.concat([Buffer.from('0481c8', 'hex'), Buffer.alloc(200)]);
  const long = Buffer.concat([Buffer.from('04820200', 'hex'), Buffer.alloc(512)]);
  assert.equal(readDer(short, tags.octetString).content.length, 200);
  assert.equal(readDer(long, tags.octetString).content.length, 512);
});

test('object identifiers are shown as numbers', () => {
  const known = {
    '06092a864886f70d01010b': '1.2.840.113549.1.1.11',
    '06082a8648ce3d040302': '1.2.840.10045.4.3.2',
    '060388370a': '2.999.10',
    '06020a0b': '0.10.11',
  };
  for (const [hex, oid] of Object.entries(known)) assert.equal(toOid(read(hex, tags.oid)), oid);
});

test('what is not DER is said to be none', () => {
  const wrong = {
    '': 'a length is wrong',
    '30': 'a length is wrong',
    '3080': 'a length is wrong',
    '3083000001': 'a length is wrong',
    '3081': 'a length is wrong',
    '308105': 'a length is not in its shortest form',
    '30810500': 'a length is not in its shortest form',
    '3082000500': 'a length is not in its shortest form',
    '3005': 'it ends too early',
    '300000': 'something follows its end',
    '3f0000': 'a tag of several bytes',
    '0400': 'its parts are not those the standard names',
  };
  for (const [hex, why] of Object.entries(wrong)) {
    const fault = catchThrown(() => read(hex));
    assert.equal(fault.message, `not valid DER: ${why}`, hex);
    assert.equal(fault.code, 'MALFORMED');
  }
});

test('parts are asked for in vain where there are none', () => {
  assert.match(catchThrown(() => childrenOf(read('0400', 4))).message, /should have parts/);
  assert.match(catchThrown(() => childAt(read('3000'), 0, tags.oid)).message, /standard names/);
  assert.match(catchThrown(() => bitsOf(read('03020180', tags.bitString))).message, /whole bytes/);
  assert.match(catchThrown(() => bitsOf(read('0400', 4))).message, /whole bytes/);
});
