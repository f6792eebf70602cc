import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isKnownEncoding,
  keepsAscii,
  normalizeEncoding,
} from '../../src/agent-output/encodings.ts';

test('what agents declare is known', () => {
  const names = ['utf-8', 'UTF-8', 'utf8', 'cp437', 'cp1252', 'latin-1', 'ISO-8859-15', 'ascii'];
  for (const name of [...names, 'windows-1252', 'koi8-r', 'Shift_JIS', 'gb18030', 'mac_roman']) {
    assert.ok(isKnownEncoding(name), name);
    assert.ok(keepsAscii(name), name);
  }
});

test('names differ neither by case nor by what stands between letters and digits', () => {
  assert.equal(normalizeEncoding('ISO 8859--1'), 'iso_8859_1');
  assert.equal(normalizeEncoding(' _utf-8- '), 'utf_8');
  assert.ok(isKnownEncoding(' Latin  1 '));
  for (const name of [
    'iso-8859.1',
    'us.ascii',
    'windows.1252',
    'ISO_646.irv:1991'.replace(':', '_'),
  ]) {
    assert.ok(isKnownEncoding(name), name);
  }
});

test('unknown names, codecs of other things, and those that end the parse of the site are unknown', () => {
  const others = [
    '',
    'klingon',
    'hex',
    'base64',
    'rot13',
    'zip',
    'mbcs',
    'utf.8',
    'koi8.r',
    'cp437.',
    'idna',
    'punycode',
    'undefined',
    'utf-88',
    'undéfined',
  ];
  for (const name of [...others, 'utf8\0', 'utf8\n', 'ütf8', 'constructor']) {
    assert.equal(isKnownEncoding(name), false, name);
  }
});

test('encodings that change the letters of a header are known, but not for piggyback', () => {
  for (const name of ['utf-16', 'UTF-16LE', 'utf_32', 'utf-8-sig', 'cp037', 'cp500']) {
    assert.ok(isKnownEncoding(name), name);
    assert.equal(keepsAscii(name), false, name);
  }
});
