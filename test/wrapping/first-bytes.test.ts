import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { recogniseCompression, recogniseForeign } from '../../src/wrapping/first-bytes.ts';
import { unwrap } from '../../src/wrapping/unwrap.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const limit = { maxOutputBytes: 1_000_000 };

/** How files begin that zip 3.0, 7z 16.02, rar 5, gpg 2.2, age 1.1 and others have made. */
const beginnings: readonly (readonly [is: string, hex: string])[] = [
  ['a zip archive', '504b03040a00000000008b6b7c5d'],
  ['a zip archive', '504b0506000000000000000000000000000000000000'],
  ['a 7z archive', '377abcaf271c00044a8b6d1d'],
  ['a rar archive', '526172211a0701003392b5e5'],
  ['data packed with lz4', '04224d186440a7'],
  ['data packed with lzip', '4c5a495001'],
  ['data packed with lzma', '5d00008000ffffffffffffffff001e'],
  ['a PGP message', '8c0d04090302d4f9c6c9ae5d'],
  ['a PGP message', '85010c03f2a3b1c0d4e5f60701'],
  ['a PGP message', '845e03f2a3b1c0d4e5f60712010740'],
  ['a PGP message', 'c15e03f2a3b1c0d4e5f6071201'],
  ['a PGP message', 'c32e04090308'],
  ['a PGP message', 'a3019bc0cbcc'],
  ['a PGP signature', '89013304000108001d'],
  ['a PGP signature', '887504001608001d'],
];

for (const [is, hex] of beginnings) {
  test(`${is} is named: ${hex}`, async () => {
    const bytes = Buffer.from(hex, 'hex');
    assert.equal(recogniseForeign(bytes), is);
    const fault = await expectFault(unwrap(bytes, limit), 'MALFORMED');
    assert.equal(fault.message, `this is ${is}, not agent output`);
    const inner = await expectFault(unwrap(zlib.gzipSync(bytes), limit), 'MALFORMED');
    assert.equal(inner.message, fault.message);
  });
}

const texts: readonly (readonly [is: string, text: string])[] = [
  ['a PGP message', '-----BEGIN PGP MESSAGE-----\n\nhQEM'],
  ['a PGP message', '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n<<<check_mk>>>\n'],
  ['a PGP signature', '-----BEGIN PGP SIGNATURE-----\n\niQEz'],
  ['a PGP key', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n'],
  ['a PGP key', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n'],
  ['a file encrypted with age', 'age-encryption.org/v1\n'],
  ['a file encrypted with openssl', 'Salted__12345678'],
];

for (const [is, text] of texts) {
  test(`${is} is named: ${JSON.stringify(text)}`, () => {
    assert.equal(recogniseForeign(Buffer.from(text)), is);
  });
}

test('what real programs make is named', { skip: skipWithout('tar') }, async (t) => {
  const directory = await makeTempDir(t);
  await writeFile(join(directory, 'web01.txt'), '<<<check_mk>>>\n');
  for (const format of ['gnu', 'ustar', 'pax']) {
    const args = ['-c', `--format=${format}`, '-C', directory, 'web01.txt'];
    assert.equal(recogniseForeign(execFileSync('tar', args)), 'a tar archive', format);
  }
});

test('agent output, encrypted too, and text before it are none of these', () => {
  const output = '<<<check_mk>>>\nVersion: 2.4.0\n';
  for (const start of ['', '\n', 'Welcome to web01\n', '\ufeff', '00', '03Salted__', '04']) {
    const bytes = Buffer.from(start + output);
    assert.equal(recogniseForeign(bytes), undefined, start);
    assert.equal(recogniseCompression(bytes), undefined, start);
  }
  assert.equal(recogniseForeign(Buffer.from(`${output.padEnd(257, 'x')}ustar\0`)), undefined);
});

test('nothing that begins like agent output is taken for something else', () => {
  const anything = fc.uint8Array({ maxLength: 300 });
  const start = fc.constantFrom('<', '0', '1', '2', '3', '4', '5', '9', '\n', ' ');
  fc.assert(
    fc.property(start, anything, (text, rest) => {
      const bytes = Buffer.concat([Buffer.from(text), rest]);
      assert.equal(recogniseCompression(bytes), undefined);
    }),
  );
});
