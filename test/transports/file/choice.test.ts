/** Which file of a directory is delivered when some of them are no output, or not whole. */

import assert from 'node:assert/strict';
import { mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../../src/clock.ts';
import { CourierError, stderrLine } from '../../../src/faults/errors.ts';
import { fetchFirst } from '../../../src/fetching/chain.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { file } from '../../../src/transports/file/file.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { makeJudge } from '../../helpers/judge.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { defaultRules } from '../../helpers/output-rules.ts';
import { fetchFile, makeDrops, output, toSource, whilePausing } from './drops.ts';

const maxOutputBytes = 1_000_000;

/** Judges as a fetch does. */
function makeJudging() {
  const accepts = makeJudge(maxOutputBytes, { PATH: process.env['PATH'] });
  return { ...whilePausing(async () => undefined), accepts, maxOutputBytes };
}

let age = 1000;

/** Drops a file that is newer than all before it. */
async function drop(directory: string, name: string, bytes: Buffer | string): Promise<void> {
  age += 1;
  await writeFile(join(directory, name), bytes);
  await utimes(join(directory, name), age, age);
}

const junk: Readonly<Record<string, Buffer | string>> = {
  'a sum': 'd41d8cd98f00b204e9800998ecf8427e  web01.txt\n',
  'a signature': '-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n',
  'an empty file': '',
  'a blank one': '\n \n',
  'a login page': '<!DOCTYPE html>\n<html><title>Log in</title></html>\n',
  'a thumbnail cache': Buffer.from('d0cf11e0a1b11ae1', 'hex'),
  'a text': 'Output of this directory goes to Checkmk\n',
  'a picture': Buffer.from('89504e470d0a1a0a0000000d', 'hex'),
  'a zip archive': Buffer.from('504b03040a00000000008b6b7c5d', 'hex'),
  'half of compressed output': gzipSync(output).subarray(0, 40),
  'a hole': Buffer.alloc(4096),
  'output with a hole': Buffer.concat([output, Buffer.alloc(2000)]),
  'half of encrypted output': Buffer.concat([Buffer.from('04'), Buffer.alloc(81, 0xe4)]),
};

for (const [what, bytes] of Object.entries(junk)) {
  test(`${what} does not hide the output before it`, async (t) => {
    const drops = await makeDrops(t);
    await drop(drops, 'web01', output);
    await drop(drops, 'other', bytes);
    const delivery = await fetchFile(`${drops}/`, { context: makeJudging() });
    assert.ok(output.equals(delivery.output));
    assert.equal(delivery.origin, `${drops}/web01`);
    assert.deepEqual(
      delivery.passedOver?.map(({ name }) => name),
      ['other'],
    );
  });
}

const delivered: Readonly<Record<string, Buffer | string>> = {
  'compressed output': gzipSync(output),
  'output behind a banner': `Welcome to web01\n\n${output}`,
  'output behind a byte order mark': `\ufeff${output}`,
  'encrypted output': Buffer.concat([Buffer.from('04'), Buffer.alloc(88, 0xe4)]),
  'output that begins with piggyback': `<<<<db1>>>>\n<<<df>>>\n<<<<>>>>\n${output}`,
  'output in UTF-16': Buffer.from(`\ufeff${output}`, 'utf16le'),
};

for (const [what, bytes] of Object.entries(delivered)) {
  test(`${what} is not passed over`, async (t) => {
    const drops = await makeDrops(t);
    await drop(drops, 'older', output);
    await drop(drops, 'web01', bytes);
    const delivery = await fetchFile(`${drops}/`, { context: makeJudging() });
    assert.equal(delivery.origin, `${drops}/web01`);
    assert.deepEqual(delivery.passedOver, []);
  });
}

test('a link out of the directory, and what is too large, do not hide the output', async (t) => {
  const drops = await makeDrops(t);
  await mkdir(join(drops, 'in'));
  await drop(join(drops, 'in'), 'web01', output);
  await drop(drops, 'secret', output);
  await drop(join(drops, 'in'), 'large', '');
  await truncate(join(drops, 'in', 'large'), maxOutputBytes + 1);
  await symlink('../secret', join(drops, 'in', 'link'));
  const delivery = await fetchFile(`${drops}/in/`, { context: makeJudging() });
  assert.equal(delivery.origin, `${drops}/in/web01`);
  assert.deepEqual(
    delivery.passedOver?.map(({ name, why }) => [name, why.replaceAll(drops, '')]),
    [
      ['large', 'has 1000001 bytes, allowed are 1000000'],
      ['link', 'leads out of /in, to /secret'],
    ],
  );
});

test('a file whose sum does not fit is passed over once nobody completes it', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'older', output);
  await drop(drops, 'web01', output.subarray(0, 20));
  await drop(drops, 'web01.sha256', 'a'.repeat(64));
  const delivery = await fetchFile(`${drops}/`, { context: makeJudging() });
  assert.equal(delivery.origin, `${drops}/older`);
  const [foreign] = delivery.passedOver ?? [];
  assert.match(foreign?.why ?? '', /^has the sum \w{8}…, but .* says aaaaaaaa…$/);
});

test('a file that is completed while we wait is delivered, not the one before it', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'older', output);
  await drop(drops, 'web01', output.subarray(0, 20));
  await drop(drops, 'web01.sha256', 'a'.repeat(64));
  const complete = async () => {
    const { createHash } = await import('node:crypto');
    await writeFile(join(drops, 'web01'), output);
    await writeFile(join(drops, 'web01.sha256'), createHash('sha256').update(output).digest('hex'));
  };
  const context = { ...whilePausing(complete), accepts: makeJudging().accepts };
  const delivery = await fetchFile(`${drops}/`, { context });
  assert.equal(delivery.origin, `${drops}/web01`);
});

test('a file that was begun this moment and is no output yet is looked at again', async (t) => {
  const drops = await makeDrops(t);
  const path = join(drops, 'web01');
  await writeFile(path, '');
  const now = Date.now() + 100;
  const sleep = () => writeFile(path, output);
  const clock = { ...systemClock, now: () => now, sleep };
  const context = { ...makeOpenContext({ clock }), accepts: makeJudging().accepts };
  for (const source of [path, `${drops}/`]) {
    await writeFile(path, '');
    await utimes(path, now / 1000 - 0.05, now / 1000 - 0.05);
    const delivery = await fetchFile(source, { context });
    assert.equal(delivery.output.toString(), output.toString(), source);
  }
});

test('what was changed a moment ago and ends within a line waits for its end', async (t) => {
  const drops = await makeDrops(t);
  const half = output.subarray(0, output.length - 5);
  const now = Date.now() + 1000;
  const clock = { ...systemClock, now: () => now, sleep: async () => undefined };
  const context = { ...makeOpenContext({ clock }), accepts: makeJudging().accepts };
  const path = join(drops, 'web01');
  await writeFile(path, half);
  // Alone it is delivered in the end: there are agents whose last line stays open.
  assert.equal((await fetchFile(path, { context })).output.toString(), half.toString());
  assert.equal((await fetchFile(`${drops}/`, { context })).output.toString(), half.toString());
  await drop(drops, 'older', output);
  const delivery = await fetchFile(`${drops}/`, { context });
  assert.equal(delivery.origin, `${drops}/older`);
  assert.equal(
    delivery.passedOver?.[0]?.why,
    'it was changed a moment ago and ends within a line, so it may be half of it',
  );
  await utimes(path, now / 1000 - 6, now / 1000 - 6);
  assert.equal((await fetchFile(`${drops}/`, { context })).origin, path);
});

test('what is completed while we wait goes before what is older', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'older', output);
  const path = join(drops, 'web01');
  await writeFile(path, output.subarray(0, output.length - 5));
  const now = Date.now() + 1000;
  const clock = { ...systemClock, now: () => now, sleep: () => writeFile(path, output) };
  const context = { ...makeOpenContext({ clock }), accepts: makeJudging().accepts };
  const delivery = await fetchFile(`${drops}/`, { context });
  assert.equal(delivery.origin, path);
  assert.ok(output.equals(delivery.output));
});

test('a file from the future comes behind all others', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01', output);
  await writeFile(join(drops, 'wrong-clock'), output);
  await utimes(join(drops, 'wrong-clock'), 4_000_000_000, 4_000_000_000);
  const delivery = await fetchFile(`${drops}/`, { context: makeJudging() });
  assert.equal(delivery.origin, `${drops}/web01`);
});

test('twenty files are looked at, and no more', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01', output);
  for (let index = 1; index <= 19; index += 1) await drop(drops, `junk${index}`, 'x\n');
  const context = makeJudging();
  const found = await fetchFile(`${drops}/`, { context });
  assert.equal(found.origin, `${drops}/web01`);
  assert.equal(found.passedOver?.length, 19);
  await drop(drops, 'junk20', 'x\n');
  const newest = await fetchFile(`${drops}/`, { context });
  assert.equal(newest.origin, `${drops}/junk20`);
  assert.equal(newest.passedOver?.length, 19);
});

test('where no file can be read, the fault of the newest is told, and the others', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'older', 'x\n');
  await drop(drops, 'web01', '');
  await truncate(join(drops, 'web01'), maxOutputBytes + 1);
  const fault = await expectFault(fetchFile(`${drops}/`, { context: makeJudging() }), 'TOO_LARGE');
  assert.equal(
    fault.message,
    `${drops}/web01 has 1000001 bytes, allowed are 1000000; passed over older (no section header in it; it begins with "x")`,
  );
});

/** What a fetch of host web01 prints, or the line it fails with. */
async function fetchLine(source: string, maxAgeMs = Number.POSITIVE_INFINITY): Promise<string> {
  const step = { source: toSource(source), name: 'file', module: file };
  const target = { host: parseHostName('web01'), address: undefined };
  const rules = { ...defaultRules, maxOutputBytes, age: { maxAgeMs, maxSkewMs: 60_000 } };
  const limits = { deadlineMs: 60_000, timeoutMs: undefined, lend: withTransport };
  const context = { ...makeCommandContext(), clock: systemClock };
  const printed: string[] = [];
  const plan = { target, steps: [step], rules, ...limits };
  const fault = await fetchFirst(plan, context, async (found) => {
    printed.push(found.output.toString());
  });
  return fault === undefined ? printed.join('') : stderrLine(fault, fault.where ?? []);
}

test('the line names the file, and how many were passed over and why', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01.txt', output);
  await drop(drops, 'web01.txt.8f3a.partial', output.subarray(0, 20));
  await drop(drops, 'Thumbs.db', Buffer.from('d0cf11e0', 'hex'));
  await drop(drops, 'README', 'drops\n');
  assert.equal(await fetchLine(`${drops}/`), output.toString());
  const stale = await fetchLine(`${drops}/`, 300_000);
  assert.match(
    stale,
    /^cmk-courier: file: web01: \/\S+\/web01\.txt is \d+d\w* old, allowed are 5m; passed over README \(no section header in it; it begins with "drops"\) \(STALE\)$/,
  );
  await drop(drops, 'page', '<html><title>Sign in</title></html>');
  const page = await fetchLine(`${drops}/page`);
  assert.match(
    page,
    /^cmk-courier: file: web01: \/\S+\/page: line 1: this looks like an HTML page titled "Sign in", not agent output \(rule html-page\) \(MALFORMED\)$/,
  );
});

test('where no file is output, those left out for their names are named, too', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'README', 'drops\n');
  await drop(drops, 'web01.txt.new', output);
  const line = await fetchLine(`${drops}/`);
  const start = `cmk-courier: file: web01: ${drops}/README: line 1: no section in the output; it begins with "drops" (rule no-section); `;
  assert.equal(line, `${start}passed over web01.txt.new (partial file) (MALFORMED)`);
});

test('an abort while a file is judged ends the fetch with its reason', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01', output);
  const reason = new CourierError('TIMEOUT', 'over');
  const controller = new AbortController();
  const accepts = async () => {
    controller.abort(reason);
    throw reason;
  };
  const context = { ...makeOpenContext({ signal: controller.signal }), accepts };
  assert.equal(await catchFault(fetchFile(`${drops}/`, { context })), reason);
});
