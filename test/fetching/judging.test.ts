import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { judgeBy, unsealedBefore } from '../../src/fetching/judging.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import { skipWithout } from '../helpers/required-peer.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
const rules = { ...defaultRules, maxOutputBytes: 100_000 };
const context = {
  clock: systemClock,
  log: makeCollectingLog(),
  env: { PATH: process.env['PATH'] },
};
const host = parseHostName('web01');
const asked = { host, signal: new AbortController().signal };
const judge = (bytes: Buffer | string) => judgeBy(rules, context)(Buffer.from(bytes), asked);

test('agent output is accepted, packed and behind a banner as well', async () => {
  const banner = `Welcome to web01\r\n${'*'.repeat(60_000)}\r\n\r\n${output}`;
  const texts = [
    output,
    gzipSync(output),
    zstdCompressSync(gzipSync(output)),
    banner,
    '<<<a',
    ' \n<<<a>>>',
  ];
  for (const text of texts) assert.equal(await judge(text), undefined, text.toString());
});

test('encrypted output is accepted without a passphrase, cut output is not', async () => {
  for (const scheme of ['00', '02', '03', '04'] as const) {
    const message = await encryptSymmetric(output, scheme, new Secret('Sx4-judging'));
    assert.equal(await judge(message), undefined);
    assert.equal(await judge(gzipSync(message)), undefined);
    for (const cut of [1, 15]) {
      assert.equal(
        await judge(message.subarray(0, message.length - cut)),
        `damaged encrypted output (scheme ${scheme}): it does not end with a whole block`,
      );
    }
  }
  assert.equal(await judge('00:12:13 up 4 days\n<<<check_mk>>>\n'), undefined);
});

const objections: Readonly<Record<string, readonly [bytes: Buffer | string, why: string]>> = {
  nothing: ['', 'it is empty'],
  'blanks alone': [' \r\n\t\n', 'it is blank'],
  'a web page': ['\n<!DOCTYPE html>\n<p>', 'it is an HTML page'],
  'a web page with sections': ['<html>\n<<<check_mk>>>\n', 'it is an HTML page'],
  'a text': ['a\nb <<<c>>>\n', 'no section header in it; it begins with "a"'],
  'a hole': [Buffer.alloc(600), '600 zero bytes in a row: a crash has torn it'],
  'damaged data': [gzipSync(output).subarray(0, 15), 'damaged gzip data: they end too early'],
  'an archive': [Buffer.from('377abcaf271c0004', 'hex'), 'this is a 7z archive, not agent output'],
  'a bomb': [
    gzipSync(Buffer.alloc(100_001)),
    'gzip data would unpack to more than the allowed 100000 bytes',
  ],
};

for (const [what, [bytes, why]] of Object.entries(objections)) {
  test(`${what} is objected to`, async () => assert.equal(await judge(bytes), why));
}

test('what has been unpacked once need not be again', async () => {
  const packed = gzipSync(output);
  assert.equal(unsealedBefore(packed, host), undefined);
  await judgeBy(rules, context)(packed, asked);
  assert.deepEqual(unsealedBefore(packed, host)?.output, output);
  assert.equal(unsealedBefore(packed, parseHostName('web02')), undefined);
});

test('that a program is missing here speaks not against the bytes', {
  skip: skipWithout('xz'),
}, async () => {
  const packed = execFileSync('xz', ['-zc'], { input: output });
  assert.equal(await judge(packed), undefined);
  const nowhere = { ...context, env: { PATH: '/nowhere' } };
  assert.equal(await judgeBy(rules, nowhere)(packed, asked), undefined);
});

test('an abort ends it with its reason', { skip: skipWithout('xz') }, async () => {
  const packed = execFileSync('xz', ['-zc'], { input: output });
  const reason = new CourierError('TIMEOUT', 'over');
  const late = { host, signal: AbortSignal.abort(reason) };
  assert.equal(await catchFault(judgeBy(rules, context)(packed, late)), reason);
});
