import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { Secret } from '../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { unwrap } from '../../src/wrapping/unwrap.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { schemes } from './symmetric-vectors.ts';

const limit = { maxOutputBytes: 1_000_000 };
const passphrase = new Secret('Sx4-unwrap');
const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');

type Pack = (bytes: Buffer) => Buffer;

const formats: Readonly<Record<string, Pack>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
  zlib: (bytes) => zlib.deflateSync(bytes),
  'zlib packed fast': (bytes) => zlib.deflateSync(bytes, { level: 1 }),
  'zlib packed in between': (bytes) => zlib.deflateSync(bytes, { level: 5 }),
  'zlib packed well': (bytes) => zlib.deflateSync(bytes, { level: 9 }),
};

function packTimes(times: number, pack: Pack): Buffer {
  let bytes: Buffer = output;
  for (let layer = 0; layer < times; layer += 1) bytes = pack(bytes);
  return bytes;
}

for (const [name, pack] of Object.entries(formats)) {
  test(`${name} is undone, up to three layers of it`, async () => {
    for (const times of [1, 2, 3]) {
      assert.ok(output.equals(await unwrap(packTimes(times, pack), limit)), `${times} layers`);
    }
  });

  test(`${name} in four layers is refused`, async () => {
    const fault = await expectFault(unwrap(packTimes(4, pack), limit), 'MALFORMED');
    assert.equal(fault.message, 'compressed or encrypted more than 3 times');
  });

  test(`${name} cut short anywhere behind its mark is refused`, async () => {
    const packed = pack(output);
    for (let length = 4; length < packed.length; length += 1) {
      await expectFault(unwrap(packed.subarray(0, length), limit), 'MALFORMED');
    }
  });

  test(`${name} with something behind it is refused`, async () => {
    await expectFault(unwrap(Buffer.concat([pack(output), output]), limit), 'MALFORMED');
  });
}

test('layers of different kinds are undone', async () => {
  const packed = zlib.gzipSync(zlib.zstdCompressSync(zlib.deflateSync(output)));
  assert.ok(output.equals(await unwrap(packed, limit)));
});

test('three layers around something that only looks packed are refused', async () => {
  const packed = zlib.gzipSync(
    zlib.gzipSync(zlib.gzipSync(Buffer.from('\x1f\x8b\x08\0', 'latin1'))),
  );
  const fault = await expectFault(unwrap(packed, limit), 'MALFORMED');
  assert.equal(fault.message, 'compressed or encrypted more than 3 times');
});

test('the limit holds for every layer', async () => {
  const exact = { maxOutputBytes: output.length };
  assert.ok(output.equals(await unwrap(zlib.gzipSync(output), exact)));
  await expectFault(
    unwrap(zlib.gzipSync(output), { maxOutputBytes: output.length - 1 }),
    'TOO_LARGE',
  );
  const large = Buffer.alloc(2_000_000);
  await expectFault(unwrap(zlib.gzipSync(zlib.gzipSync(large)), limit), 'TOO_LARGE');
});

test('agent output that is not packed comes back as the same buffer', async () => {
  const texts = [
    '<<<check_mk>>>\n',
    '<<<<web02>>>>\n',
    '\n',
    '00',
    '04abc',
    '',
    '<',
    '\u001f',
    'x\n',
  ];
  for (const text of [...texts, '\ufeff<<<a>>>\n', 'junk before <<<a>>>']) {
    const bytes = Buffer.from(text);
    assert.equal(await unwrap(bytes, limit), bytes, JSON.stringify(text));
  }
});

test('bytes that are not packed are not held to the limit here', async () => {
  assert.equal(await unwrap(output, { maxOutputBytes: 1 }), output);
});

test('fewer than four bytes are not taken for packed', async () => {
  const bytes = Buffer.from([0x1f, 0x8b, 0x08]);
  assert.equal(await unwrap(bytes, limit), bytes);
});

test('gzip with another method than deflate is not taken for packed', async () => {
  const bytes = Buffer.from([0x1f, 0x8b, 0x07, 0]);
  assert.equal(await unwrap(bytes, limit), bytes);
});

test('bytes that begin like agent output come back as the same buffer', async () => {
  const anything = fc.uint8Array({ maxLength: 100 });
  const start = fc.constantFrom('<', '0', '1', '2', '3', '4', '5', '\n', ' ');
  await fc.assert(
    fc.asyncProperty(start, anything, async (text, rest) => {
      const bytes = Buffer.concat([Buffer.from(text), rest]);
      assert.equal(await unwrap(bytes, limit), bytes);
    }),
  );
});

for (const scheme of schemes) {
  test(`encryption by scheme ${scheme} is undone, and compression on either side of it`, async () => {
    const encrypted = await encryptSymmetric(output, scheme, passphrase);
    const wrapped = [
      encrypted,
      zlib.gzipSync(encrypted),
      await encryptSymmetric(zlib.zstdCompressSync(output), scheme, passphrase),
      zlib.gzipSync(await encryptSymmetric(zlib.deflateSync(output), scheme, passphrase)),
    ];
    for (const bytes of wrapped) {
      assert.ok(output.equals(await unwrap(bytes, limit, { passphrase })));
    }
  });

  test(`encryption by scheme ${scheme} stays when there is no passphrase`, async () => {
    const encrypted = await encryptSymmetric(output, scheme, passphrase);
    assert.equal(await unwrap(encrypted, limit), encrypted);
    assert.ok(encrypted.equals(await unwrap(zlib.gzipSync(encrypted), limit)));
  });
}

test('a wrong passphrase is refused, also when compressed data is expected', async () => {
  const packed = zlib.gzipSync(output);
  const encrypted = await encryptSymmetric(packed, '03', passphrase, Buffer.alloc(8));
  const fault = await expectFault(
    unwrap(encrypted, limit, { passphrase: new Secret('Sx4-wrong') }),
    'REFUSED',
  );
  assert.equal(
    fault.message,
    'the output cannot be decrypted (scheme 03): another passphrase was used',
  );
});

test('a salt without its mark is told, and undone', async () => {
  const message = await encryptSymmetric(output, '03', passphrase);
  const unmarked = Buffer.concat([Buffer.from('0312345678'), message.subarray(10)]);
  const told: string[] = [];
  const tell = (remark: string) => told.push(remark);
  assert.ok(output.equals(await unwrap(zlib.gzipSync(unmarked), limit, { passphrase, tell })));
  assert.deepEqual(told, ['unmarked-salt']);
  await unwrap(message, limit, { passphrase, tell });
  assert.deepEqual(told, ['unmarked-salt']);
});

test('encryption counts as a layer', async () => {
  const packed = await encryptSymmetric(zlib.gzipSync(zlib.gzipSync(output)), '04', passphrase);
  assert.ok(output.equals(await unwrap(packed, limit, { passphrase })));
  const fault = await expectFault(
    unwrap(zlib.gzipSync(packed), limit, { passphrase }),
    'MALFORMED',
  );
  assert.equal(fault.message, 'compressed or encrypted more than 3 times');
});

test('the limit holds for what is compressed within encryption', async () => {
  const bomb = await encryptSymmetric(zlib.gzipSync(Buffer.alloc(2_000_000)), '04', passphrase);
  await expectFault(unwrap(bomb, limit, { passphrase }), 'TOO_LARGE');
});

test('a passphrase does not matter to output that is not encrypted', async () => {
  for (const bytes of [output, Buffer.from('junk before <<<a>>>'), Buffer.from('06x')]) {
    assert.equal(await unwrap(bytes, limit, { passphrase }), bytes);
  }
  assert.ok(output.equals(await unwrap(zlib.gzipSync(output), limit, { passphrase })));
});
