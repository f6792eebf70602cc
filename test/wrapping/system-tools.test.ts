import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { CourierError } from '../../src/faults/errors.ts';
import { decompress, type OutputLimit } from '../../src/wrapping/decompress.ts';
import { unwrap } from '../../src/wrapping/unwrap.ts';
import { readCommandLines } from '../helpers/command-lines.ts';
import { catchFault, expectFault } from '../helpers/expect-fault.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { assertSoonEmpty } from '../helpers/soon-empty.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const limit: OutputLimit = { maxOutputBytes: 1_000_000, env: { PATH: process.env['PATH'] } };
const output = Buffer.from(
  `<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n<<<df>>>\n${Array.from({ length: 200 }, (_, row) => `/dev/sda${row} ext4 ${row * 7919} ü\n`).join('')}`,
);

const tools = {
  xz: { program: 'xz', args: ['-zc'], undoneBy: 'xz', debianPackage: 'xz-utils' },
  bzip2: { program: 'bzip2', args: ['-zc'], undoneBy: 'bzip2', debianPackage: 'bzip2' },
  compress: { program: 'compress', args: ['-fc'], undoneBy: 'gzip', debianPackage: 'gzip' },
} as const;

for (const [name, { program, args, undoneBy, debianPackage }] of Object.entries(tools)) {
  const compression = name as keyof typeof tools;
  const skip = skipWithout(program);
  const pack = (bytes: Buffer): Buffer =>
    execFileSync(program, [...args], { input: bytes, maxBuffer: 100_000_000 });

  test(`${name} is recognised and undone, also within other layers`, { skip }, async () => {
    const packed = pack(output);
    for (const bytes of [packed, zlib.gzipSync(packed), pack(zlib.gzipSync(output))]) {
      assert.ok(output.equals(await unwrap(bytes, limit)));
    }
  });

  test(`${name}: megabytes come back, and output of exactly the limit`, { skip }, async () => {
    const large = Buffer.alloc(1_000_000, 'a line of agent output, more or less\n');
    large[large.length - 1] = 0x0a;
    assert.ok(large.equals(await decompress(pack(large), compression, limit)));
  });

  test(`${name}: more than the limit is TOO_LARGE`, { skip }, async () => {
    for (const bytes of [1_000_001, 50_000_000]) {
      const fault = await expectFault(
        decompress(pack(Buffer.alloc(bytes, '\n')), compression, limit),
        'TOO_LARGE',
      );
      const why = `${name} data would unpack to more than the allowed 1000000 bytes`;
      assert.equal(fault.message, why);
    }
  });

  test(`${name}: what is cut short is refused`, { skip }, async () => {
    const packed = pack(output);
    for (const cut of [1, 2, 5, 20, packed.length - 20]) {
      const fault = await expectFault(
        decompress(packed.subarray(0, packed.length - cut), compression, limit),
        'MALFORMED',
      );
      const how = name === 'compress' ? 'what comes out ends within a line' : 'they end too early';
      assert.equal(fault.message, `damaged ${name} data: ${how}`);
    }
  });

  test(`${name}: what is damaged, or followed by something else, is refused`, {
    skip,
  }, async () => {
    const packed = pack(output);
    const middle = packed.length >> 1;
    const damaged = Buffer.from(packed).fill(0xff, middle, middle + 8);
    for (const bytes of [damaged, Buffer.concat([packed, output])]) {
      const { code, message } = await catchFault(decompress(bytes, compression, limit));
      assert.equal(code, 'MALFORMED');
      assert.match(message, new RegExp(`^damaged ${name} data: [^\\p{Cc}]+$`, 'u'));
    }
  });

  test(`${name}: where the program is missing, the package is named`, { skip }, async (t) => {
    const env = { PATH: await makeTempDir(t) };
    const fault = await expectFault(unwrap(pack(output), { ...limit, env }), 'LOCAL');
    const why = `${undoneBy} is not installed (Debian package ${debianPackage})`;
    assert.equal(fault.message, `unpacking ${name} data: ${why}`);
  });

  test(`${name}: an abort ends the program and gives its reason`, { skip }, async (t) => {
    const bin = join(await makeTempDir(t), 'bin');
    await mkdir(bin);
    await writeFile(join(bin, undoneBy), '#!/bin/sh\nexec sleep 4711\n', { mode: 0o755 });
    const controller = new AbortController();
    const { signal } = controller;
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const reason = new CourierError('TIMEOUT', 'over');
    setTimeout(() => controller.abort(reason), 100);
    assert.equal(await catchFault(unwrap(pack(output), { ...limit, env, signal })), reason);
    await assertSoonEmpty('a program is left', async () =>
      (await readCommandLines()).filter((line) => line.includes('sleep 4711')),
    );
  });
}

test('xz and bzip2 streams that follow each other are joined', {
  skip: skipWithout('xz'),
}, async () => {
  for (const program of ['xz', 'bzip2'] as const) {
    const pack = (text: string) => execFileSync(program, ['-zc'], { input: text });
    const both = Buffer.concat([pack('<<<a>>>\nfirst\n'), pack('<<<b>>>\nsecond\n')]);
    assert.equal((await unwrap(both, limit)).toString(), '<<<a>>>\nfirst\n<<<b>>>\nsecond\n');
  }
});

test('xz data that would fill the memory are TOO_LARGE', { skip: skipWithout('xz') }, async () => {
  const packed = execFileSync('xz', ['-zc', '--lzma2=dict=1GiB,mf=hc3,mode=fast,nice=2'], {
    input: Buffer.alloc(0),
  });
  // The dictionary is named in the header of a block, which empty data do not have.
  const large = execFileSync(
    'xz',
    ['-zc', '-T1', '--block-size=65536', '--lzma2=preset=0,dict=512MiB,mf=hc3,nice=2'],
    { input: output },
  );
  assert.equal((await decompress(packed, 'xz', limit)).length, 0);
  const fault = await expectFault(decompress(large, 'xz', limit), 'TOO_LARGE');
  assert.equal(fault.message, 'xz data need more than 256MiB of memory to unpack');
});

test('what the environment says about xz does not matter', {
  skip: skipWithout('xz'),
}, async () => {
  const packed = execFileSync('xz', ['-zc'], { input: output });
  const env = { ...limit.env, XZ_OPT: '--list', XZ_DEFAULTS: '--memlimit=1' };
  assert.ok(output.equals(await unwrap(packed, { ...limit, env })));
});
