import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import type { Compression } from '../../src/wrapping/compression.ts';
import { decompress } from '../../src/wrapping/decompress.ts';
import { catchFault, expectFault } from '../helpers/expect-fault.ts';
import { sourceUrl, startScript } from '../helpers/run-script.ts';

const compress = {
  gzip: zlib.gzipSync,
  zlib: zlib.deflateSync,
  'deflate-raw': zlib.deflateRawSync,
  brotli: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const satisfies Partial<Record<Compression, (bytes: Buffer) => Buffer>>;

const compressions = ['gzip', 'zlib', 'deflate-raw', 'brotli', 'zstd'] as const;
const limit = { maxOutputBytes: 1_000_000 };
const output = Buffer.from(
  '<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n<<<df>>>\n/ ext4 5 ü\r\n',
);

/** What decompressing bytes fails with, as one line. */
async function faultOf(bytes: Buffer, compression: Compression): Promise<string> {
  const { code, message } = await catchFault(decompress(bytes, compression, limit));
  return `${code} ${message}`;
}

for (const compression of compressions) {
  const packed = compress[compression](output);

  test(`${compression}: every byte comes back`, async () => {
    const bytes = fc.uint8Array({ maxLength: 2000 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(bytes, async (original) => {
        const unpacked = await decompress(compress[compression](original), compression, limit);
        assert.ok(original.equals(unpacked));
      }),
    );
  });

  test(`${compression}: output of exactly the limit is accepted, one byte more is not`, async () => {
    const exact = { maxOutputBytes: output.length };
    assert.ok(output.equals(await decompress(packed, compression, exact)));
    const fault = await expectFault(
      decompress(packed, compression, { maxOutputBytes: output.length - 1 }),
      'TOO_LARGE',
    );
    assert.equal(
      fault.message,
      `${compression} data would unpack to more than the allowed ${output.length - 1} bytes`,
    );
  });

  test(`${compression}: bytes cut short anywhere are refused`, async () => {
    for (let length = 0; length < packed.length; length += 1) {
      assert.equal(
        await faultOf(packed.subarray(0, length), compression),
        `MALFORMED damaged ${compression} data: they end too early`,
      );
    }
  });

  test(`${compression}: anything behind the end is refused`, async () => {
    for (const junk of ['\0', 'x', '\n', '\0\0\0\0', '<<<df>>>\n', '\u001f']) {
      const bytes = Buffer.concat([packed, Buffer.from(junk)]);
      const fault = await catchFault(decompress(bytes, compression, limit));
      assert.equal(fault.code, 'MALFORMED', JSON.stringify(junk));
    }
  });

  test(`${compression}: damaged bytes are refused or unpack within the limit`, async () => {
    const small = { maxOutputBytes: 2 * output.length };
    for (let index = 0; index < packed.length; index += 1) {
      const damaged = Buffer.from(packed);
      damaged[index] = 255 - (damaged[index] ?? 0);
      const result = await decompress(damaged, compression, small).catch((error) => error.code);
      if (typeof result === 'string') assert.match(result, /^(MALFORMED|TOO_LARGE)$/);
      else assert.ok(result.length <= small.maxOutputBytes);
    }
  });

  test(`${compression}: output larger than the decoder's pieces comes back whole`, async () => {
    const large = Buffer.alloc(1_000_000, output);
    assert.ok(large.equals(await decompress(compress[compression](large), compression, limit)));
  });
}

for (const compression of compressions) {
  test(`${compression}: at its end the output is there once, not twice`, async () => {
    const large = Buffer.alloc(20_000_000, output);
    const packed = compress[compression](large);
    const before = process.memoryUsage().arrayBuffers;
    const unpacked = await decompress(packed, compression, { maxOutputBytes: large.length });
    const held = process.memoryUsage().arrayBuffers - before;
    assert.ok(large.equals(unpacked));
    assert.ok(held < 1.5 * large.length, `${held} bytes are held`);
  });
}

test('gzip: a last member that states its size has no say in the size of all', async () => {
  const limits = { maxOutputBytes: 3_000_001 };
  for (const sizes of [
    [3_000_000, 1],
    [1, 3_000_000],
    [0, 0],
  ]) {
    const members = sizes.map((size) => zlib.gzipSync(Buffer.alloc(size, 'x')));
    const unpacked = await decompress(Buffer.concat(members), 'gzip', limits);
    assert.ok(
      unpacked.equals(
        Buffer.alloc(
          sizes.reduce((sum, size) => sum + size),
          'x',
        ),
      ),
    );
  }
});

for (const compression of ['gzip', 'zlib'] as const) {
  test(`${compression}: no damaged byte passes as other output`, async () => {
    const packed = compress[compression](output);
    for (let index = 0; index < packed.length * 8; index += 1) {
      const damaged = Buffer.from(packed);
      damaged.writeUInt8(damaged.readUInt8(index >> 3) ^ (1 << (index & 7)), index >> 3);
      const result = await decompress(damaged, compression, limit).catch(() => output);
      assert.ok(output.equals(result), `bit ${index}`);
    }
  });
}

const first = Buffer.from('<<<a>>>\nfirst\n');
const second = Buffer.from('<<<b>>>\nsecond\n');

for (const compression of ['gzip', 'zstd'] as const) {
  const parts = [compress[compression](first), compress[compression](second)] as const;
  const both = Buffer.concat(parts);

  test(`${compression}: parts that follow each other are joined`, async () => {
    const joined = await decompress(both, compression, limit);
    assert.equal(joined.toString(), `${first}${second}`);
  });

  test(`${compression}: the limit counts all parts together`, async () => {
    const maxOutputBytes = first.length + second.length;
    const joined = await decompress(both, compression, { maxOutputBytes });
    assert.equal(joined.length, maxOutputBytes);
    await expectFault(
      decompress(both, compression, { maxOutputBytes: maxOutputBytes - 1 }),
      'TOO_LARGE',
    );
  });

  test(`${compression}: a second part that is cut short anywhere is refused`, async () => {
    for (let length = parts[0].length + 1; length < both.length; length += 1) {
      const cut = both.subarray(0, length);
      const result = await decompress(cut, compression, limit).catch((error) => error.code);
      assert.equal(String(result), 'MALFORMED', `${length - parts[0].length} bytes of the second`);
    }
  });
}

for (const compression of ['zlib', 'deflate-raw', 'brotli'] as const) {
  test(`${compression}: a second part is refused, since the format has none`, async () => {
    const packed = compress[compression](output);
    assert.equal(
      await faultOf(Buffer.concat([packed, packed]), compression),
      `MALFORMED damaged ${compression} data: ${packed.length} bytes follow its end`,
    );
  });
}

test('bytes of another kind are refused', async () => {
  for (const compression of compressions) {
    const fault = await catchFault(decompress(Buffer.from('<html>\n'), compression, limit));
    assert.equal(fault.code, 'MALFORMED', compression);
  }
});

test('zlib data that needs a dictionary is refused', async () => {
  const packed = zlib.deflateSync(output, { dictionary: Buffer.from('check_mk') });
  assert.equal(await faultOf(packed, 'zlib'), 'MALFORMED damaged zlib data: Missing dictionary');
});

/** The most a child's memory grew, in MB, while it refused 10 GB out of 10 MB. */
function bombScript(compression: Compression, member: string): string {
  return `
    import zlib from 'node:zlib';
    import { decompress } from ${sourceUrl('wrapping/decompress.ts')};
    const zeros = Buffer.alloc(10_000_000);
    const member = zlib.${member}(zeros);
    const bomb = Buffer.alloc(member.length * 1000, member);
    await decompress(member, '${compression}', { maxOutputBytes: 10_000_000 });
    const before = process.resourceUsage().maxRSS;
    const code = await decompress(bomb, '${compression}', { maxOutputBytes: 16_000_000 }).then(
      () => 'accepted',
      (error) => error.code,
    );
    const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
    process.stdout.write(JSON.stringify({ code, isBounded: grownBytes < 4 * 16_000_000 }));
  `;
}

test('a gzip bomb is refused before it fills the memory', { timeout: 120_000 }, async () => {
  const { stdout } = await startScript(bombScript('gzip', 'gzipSync')).ended;
  assert.equal(stdout.toString(), '{"code":"TOO_LARGE","isBounded":true}');
});

test('a zstd bomb is refused before it fills the memory', { timeout: 120_000 }, async () => {
  const { stdout } = await startScript(bombScript('zstd', 'zstdCompressSync')).ended;
  assert.equal(stdout.toString(), '{"code":"TOO_LARGE","isBounded":true}');
});
