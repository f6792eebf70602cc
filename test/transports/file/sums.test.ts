import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { expectFault } from '../../helpers/expect-fault.ts';
import { fetchFile, fetchText, makeDrops, output, whilePausing } from './drops.ts';

const noPause = () => Promise.resolve();

function sumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Drops the output with a sum file beside it and returns the path. */
async function dropWithSum(t: TestContext, sumText: string | Buffer): Promise<string> {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, output);
  await writeFile(`${path}.sha256`, sumText);
  return path;
}

const sum = sumOf(output);

const goodSums: Readonly<Record<string, string>> = {
  'hex digits alone': sum,
  'hex digits with a line end': `${sum}\n`,
  'hex digits in upper case': `${sum.toUpperCase()}\n`,
  'a Windows line end': `${sum}\r\n`,
  'digits and name': `${sum}  web01\n`,
  'digits and name, binary': `${sum} *web01\n`,
  'a path': `${sum}  /var/tmp/agent output/web01\n`,
  'the name it had while it was written': `${sum}  .web01.tmp\n`,
  'an escaped name': `\\${sum}  web\\n01\n`,
  'what BSD prints': `SHA256 (web01) = ${sum}\n`,
  'what BSD prints of a name with brackets': `SHA256 (web01 (2)) = ${sum}\n`,
  'what sha256sum --tag prints of an odd name': `\\SHA256 (web\\n01) = ${sum}\n`,
  'what OpenSSL 1 prints': `SHA256(/var/tmp/web01)= ${sum}\n`,
  'what OpenSSL 3 prints': `SHA2-256(web01)= ${sum}\n`,
  'what OpenSSL prints of its input': `SHA2-256(stdin)= ${sum}\r\n`,
};

for (const [what, text] of Object.entries(goodSums)) {
  test(`a sum file with ${what} is understood`, async (t) => {
    assert.equal(await fetchText(await dropWithSum(t, text)), output.toString());
  });
}

test('what sha256sum prints is understood', async (t) => {
  const path = await dropWithSum(t, '');
  const { stdout } = await promisify(execFile)('sha256sum', [path]);
  await writeFile(`${path}.sha256`, stdout);
  assert.equal(await fetchText(path), output.toString());
});

test('what openssl and sha256sum --tag print is understood', async (t) => {
  const path = await dropWithSum(t, '');
  const programs: readonly (readonly [string, readonly string[]])[] = [
    ['openssl', ['dgst', '-sha256', path]],
    ['sha256sum', ['--tag', path]],
  ];
  for (const [program, args] of programs) {
    const { stdout } = await promisify(execFile)(program, args);
    await writeFile(`${path}.sha256`, stdout);
    assert.equal(await fetchText(path), output.toString(), stdout);
  }
});

test('a sum that does not match is MALFORMED, both sums shortened', async (t) => {
  const path = await dropWithSum(t, `${'0123456789abcdef'.repeat(4)}  web01\n`);
  const fault = await expectFault(fetchFile(path, { context: whilePausing(noPause) }), 'MALFORMED');
  assert.equal(
    fault.message,
    `${path} has the sum ${sum.slice(0, 8)}…, but ${path}.sha256 says 01234567…`,
  );
});

const badSums: Readonly<Record<string, string | Buffer>> = {
  nothing: '',
  'too few digits': sum.slice(1),
  'too many digits': `${sum}0`,
  'other letters': sum.replace(/./, 'g'),
  'two sums': `${sum}  web01\n${sum}  web02\n`,
  'a word in front': `sum ${sum}\n`,
  'the sum of another kind': `SHA1 (web01) = ${sum}\n`,
  'the sum of another kind, as OpenSSL has it': `SHA3-256(web01)= ${sum}\n`,
  'two sums as BSD prints them': `SHA256 (a) = ${sum}\nSHA256 (b) = ${sum}\n`,
  'UTF-16': Buffer.from(`\ufeff${sum}`, 'utf16le'),
  'more than a sum file can hold': `${sum}${' '.repeat(10_000)}`,
};

for (const [what, text] of Object.entries(badSums)) {
  test(`a sum file with ${what} is MALFORMED`, async (t) => {
    const path = await dropWithSum(t, text);
    await expectFault(
      fetchFile(path, { context: whilePausing(noPause) }),
      'MALFORMED',
      /web01\.sha256 does not hold one SHA-256 sum$/,
    );
  });
}

test('a sum that is written after its file is waited for', async (t) => {
  const path = await dropWithSum(t, `${sumOf(Buffer.from('before'))}\n`);
  const context = whilePausing(() => writeFile(`${path}.sha256`, `${sum}\n`));
  assert.equal(await fetchText(path, { context }), output.toString());
});

test('a file that is written after its sum is waited for', async (t) => {
  const newer = Buffer.from('<<<local>>>\n0 a - newer\n');
  const path = await dropWithSum(t, `${sumOf(newer)}\n`);
  const context = whilePausing(() => writeFile(path, newer));
  assert.equal(await fetchText(path, { context }), newer.toString());
});

test('with --require-sha256 a file without sum is MALFORMED, with one it arrives', async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, output);
  const options = { requireSha256: ['true'] };
  assert.equal(await fetchText(path), output.toString());
  await expectFault(
    fetchFile(path, { options, context: whilePausing(noPause) }),
    'MALFORMED',
    /^there is no .*\/web01\.sha256, and one is required$/,
  );
  const context = whilePausing(() => writeFile(`${path}.sha256`, sum));
  assert.equal(await fetchText(path, { options, context }), output.toString());
});

test('the newest file of a directory is held against its own sum', async (t) => {
  const path = await dropWithSum(t, sum);
  assert.equal(await fetchText(join(path, '../')), output.toString());
  await writeFile(`${path}.sha256`, sumOf(Buffer.from('something else')));
  await expectFault(
    fetchFile(join(path, '../'), { context: whilePausing(noPause) }),
    'MALFORMED',
    /web01\.sha256 says/,
  );
});
