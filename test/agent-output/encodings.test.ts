import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isKnownEncoding,
  keepsHeaderReadable,
  normalizeEncoding,
} from '../../src/agent-output/encodings.ts';

test('what agents declare is known', () => {
  const names = ['utf-8', 'UTF-8', 'utf8', 'cp437', 'cp1252', 'latin-1', 'ISO-8859-15', 'ascii'];
  for (const name of [...names, 'windows-1252', 'koi8-r', 'Shift_JIS', 'gb18030', 'mac_roman']) {
    assert.ok(isKnownEncoding(name), name);
    assert.ok(keepsHeaderReadable(name), name);
  }
});

test('names differ neither by case nor by what stands between letters and digits', () => {
  assert.equal(normalizeEncoding('ISO 8859--1'), 'iso_8859_1');
  assert.equal(normalizeEncoding(' _utf-8- '), 'utf_8');
  assert.ok(isKnownEncoding(' Latin  1 '));
});

test('unknown names, and codecs of something else than text, are unknown', () => {
  const others = [
    '',
    'klingon',
    'hex',
    'base64',
    'rot13',
    'zip',
    'mbcs',
    'utf.8',
    'utf-88',
    'undéfined',
  ];
  for (const name of [...others, 'utf8\0', 'utf8\n', 'ütf8', 'constructor']) {
    assert.equal(isKnownEncoding(name), false, name);
  }
});

test('encodings that change the letters of a header are known, but not for piggyback', () => {
  for (const name of ['utf-16', 'UTF-16LE', 'utf_32', 'utf-8-sig', 'cp037', 'cp500', 'punycode']) {
    assert.ok(isKnownEncoding(name), name);
    assert.equal(keepsHeaderReadable(name), false, name);
  }
});
