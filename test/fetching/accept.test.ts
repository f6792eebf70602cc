import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { acceptDelivery, type OutputRules } from '../../src/fetching/accept.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { defaultRules } from '../helpers/output-rules.ts';

const clock = new FakeClock();
const context = { clock, signal: new AbortController().signal, env: {}, log: makeCollectingLog() };
const host = parseHostName('web01');
const good = '<<<check_mk>>>\nVersion: 2.4.0\n';

const rules: OutputRules = { ...defaultRules, maxOutputBytes: 100 };

interface Arrival {
  readonly output: Buffer | string;
  readonly ageMs?: number;
}

async function accept(
  { output, ageMs }: Arrival,
  changes: Partial<OutputRules> = {},
): Promise<Buffer> {
  const producedAt = ageMs === undefined ? undefined : new Date(clock.now() - ageMs);
  const acknowledge = () => assert.fail('acknowledged while it was being checked');
  const delivery = { output: Buffer.from(output), origin: '/drops/web01', producedAt, acknowledge };
  const good = await acceptDelivery(delivery, host, { ...rules, ...changes }, context);
  return good.output;
}

async function faultOf(arrival: Arrival, changes: Partial<OutputRules> = {}): Promise<string> {
  const { code, message } = await catchFault(accept(arrival, changes));
  return `${code} ${message}`;
}

const tooLarge = `${good}${'x'.repeat(100)}`;
const malformed = '<html><body>Sign in</body></html>\n';
const old = 600_000;

test('good output passes untouched', async () => {
  for (const output of [good, '<<<check_mk>>>\r\nä\0\xff\r\n<<<<web02>>>>\n<<<df>>>\n<<<<>>>>\n']) {
    assert.equal((await accept({ output, ageMs: 1000 })).toString(), output);
  }
});

test('output that needs no work is not copied', async () => {
  const output = Buffer.from(good);
  const acknowledge = async () => undefined;
  const delivery = { output, origin: 'x', producedAt: undefined, acknowledge };
  assert.equal((await acceptDelivery(delivery, host, rules, context)).output, output);
});

test('packed output is unpacked', async () => {
  assert.equal((await accept({ output: gzipSync(good) })).toString(), good);
  assert.equal((await accept({ output: zstdCompressSync(gzipSync(good)) })).toString(), good);
});

test('encrypted output is decrypted with the passphrase', async () => {
  const passphrase = new Secret('Sx4-accept');
  const output = await encryptSymmetric(Buffer.from(good), '04', passphrase);
  assert.equal((await accept({ output }, { passphrase })).toString(), good);
  assert.equal((await accept({ output: gzipSync(output) }, { passphrase })).toString(), good);
});

test('encrypted output is refused without a passphrase, and with another one', async () => {
  const passphrase = new Secret('Sx4-accept');
  const output = await encryptSymmetric(Buffer.from(good), '03', passphrase, Buffer.alloc(8));
  assert.equal(
    await faultOf({ output }),
    'MALFORMED /drops/web01: line 1: the output is still encrypted (scheme 03), and its passphrase is missing here (rule encrypted)',
  );
  assert.equal(
    await faultOf({ output, ageMs: old }, { passphrase: new Secret('Sx4-other') }),
    'REFUSED /drops/web01: the output cannot be decrypted (scheme 03): another passphrase was used',
  );
});

test('the form is checked on what was decrypted', async () => {
  const passphrase = new Secret('Sx4-accept');
  const output = await encryptSymmetric(Buffer.from('<<<bad-name>>>\n'), '04', passphrase);
  const { code } = await catchFault(accept({ output }, { passphrase }));
  assert.equal(code, 'MALFORMED');
});

test('output of exactly the limit passes, one byte more does not', async () => {
  const output = good.padEnd(100, 'x');
  assert.equal((await accept({ output })).length, 100);
  assert.equal(
    await faultOf({ output: `${output}x` }),
    'TOO_LARGE /drops/web01 has 101 bytes, allowed are 100',
  );
});

test('packed output counts as what it unpacks to', async () => {
  assert.equal(
    await faultOf({ output: gzipSync(tooLarge) }),
    'TOO_LARGE /drops/web01: gzip data would unpack to more than the allowed 100 bytes',
  );
});

test('the size is checked before the age, the age before the form', async () => {
  assert.equal(
    await faultOf({ output: malformed.repeat(10), ageMs: old }),
    'TOO_LARGE /drops/web01 has 340 bytes, allowed are 100',
  );
  assert.equal(
    await faultOf({ output: malformed, ageMs: old }),
    'STALE /drops/web01 is 10m old, allowed are 5m',
  );
  assert.equal(
    await faultOf({ output: malformed, ageMs: 0 }),
    'MALFORMED /drops/web01: line 1: this looks like an HTML page, not agent output (rule html-page)',
  );
});

test('what cannot be unpacked is refused before anything else', async () => {
  assert.equal(
    await faultOf({ output: gzipSync(good).subarray(0, 20), ageMs: old }),
    'MALFORMED /drops/web01: damaged gzip data: they end too early',
  );
});

test('output from too far in the future is refused', async () => {
  assert.equal(
    await faultOf({ output: good, ageMs: -120_000 }),
    'STALE /drops/web01 is from 2m in the future, allowed are 1m',
  );
});

test('the form is checked on what was unpacked', async () => {
  assert.equal(
    await faultOf({ output: gzipSync(malformed) }),
    'MALFORMED /drops/web01: line 1: this looks like an HTML page, not agent output (rule html-page)',
  );
  assert.equal(
    await faultOf({ output: gzipSync('') }),
    'MALFORMED /drops/web01: line 1: the output is empty (rule empty-output)',
  );
});

test('a web page ahead of the sections passes only when we are lenient', async () => {
  const output = `<html>\n${good}`;
  const { code } = await catchFault(accept({ output }));
  assert.equal(code, 'MALFORMED');
  assert.equal((await accept({ output }, { lenient: true })).toString(), output);
});

test('what is merely lost passes, and is refused only when we are strict', async () => {
  for (const output of [`warning: x\n${good}`, `${good}<<<hyper-v_node>>>\n`]) {
    assert.equal((await accept({ output })).toString(), output);
    const fault = await catchFault(accept({ output }, { strict: true }));
    assert.equal(fault.code, 'MALFORMED');
  }
});

test('encrypted output may have other text ahead, and lack the mark of its salt', async () => {
  const passphrase = new Secret('Sx4-accept');
  const plain = `\n\n${good}`;
  const output = await encryptSymmetric(Buffer.from(plain), '03', passphrase);
  output.write('00000000', 2);
  assert.equal((await accept({ output }, { passphrase })).toString(), plain);
});

test('when the filter leaves nothing of the sections, that is a fault', async () => {
  const sections = { allow: ['nope'], deny: [] };
  assert.equal(
    await faultOf({ output: good }, { sections }),
    'NO_OUTPUT /drops/web01: --sections leaves nothing of 1 section',
  );
});

test('what is not wanted is left out after all checks', async () => {
  const output = `${good}<<<df>>>\n/ ext4\n`;
  const sections = { allow: [], deny: ['df'] };
  assert.equal((await accept({ output }, { sections })).toString(), good);
});

test('piggyback is refused where the rules say so', async () => {
  const output = `${good}<<<<web02>>>>\n<<<df>>>\nx\n<<<<>>>>\n`;
  const { code } = await catchFault(accept({ output }, { piggyback: { kind: 'refuse' } }));
  assert.equal(code, 'MALFORMED');
});

test('a fault names what was passed over, three by name', async () => {
  const acknowledge = async () => undefined;
  const names = ['a.md5', 'Thumbs.db', 'c', 'd', 'e'];
  const passedOver = names.map((name) => ({ name, why: 'no section header in it' }));
  const delivery = { output: Buffer.from(good), origin: '/drops/x', producedAt: new Date(0) };
  const fault = await catchFault(
    acceptDelivery({ ...delivery, passedOver, acknowledge }, host, rules, context),
  );
  assert.match(
    fault.message,
    /^\/drops\/x is \w+ old, allowed are 5m; passed over 5: a\.md5 \(no section header in it\), Thumbs\.db \(no section header in it\), c \(no section header in it\) and 2 more$/,
  );
});
