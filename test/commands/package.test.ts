import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { pack, withDocs, withFields } from '../setup/packages/ingredients.ts';

async function run(args: readonly string[], input: Buffer = Buffer.alloc(0)) {
  const { said, ...context } = makeCommandContext();
  const code = await main(['package', ...args], { ...context, readInput: async () => input });
  return { code, ...said };
}

test('a good package is told with what is in it', async (t) => {
  const path = join(await makeTempDir(t), 'sample-1.2.3.mkp');
  writeFileSync(path, pack(withFields({})));
  assert.deepEqual(await run(['verify', path]), {
    code: 0,
    output: `${path}: good: sample 1.2.3, for Checkmk 2.3.0p1 and newer: 2 files in cmk_addons_plugins (1 kB), 1 file in doc (1 kB)\n`,
    errors: '',
  });
});

test('errors come first, and the line names the first of them', async () => {
  const bytes = pack({ ...withDocs('../x'), infoJson: '{}' });
  assert.deepEqual(await run(['verify', '-'], bytes), {
    code: 12,
    output:
      'stdin: error: "info.json" says something else than "info" (info-json-differs)\n' +
      'stdin: error: "../x" of "doc" (unsafe-path)\n' +
      'stdin: not good: 2 errors: sample 1.2.3, for Checkmk 2.3.0p1 and newer: 1 file in doc (1 kB)\n',
    errors:
      'cmk-courier: package: stdin: "info.json" says something else than "info"; and 1 more problem (MALFORMED)\n',
  });
});

test('what is warned of is good, but not with --strict', async () => {
  const bytes = pack(withFields({ version: '1.2', 'version.usable_until': '2.5.0b1' }));
  const verdict =
    'stdin: warning: the version "1.2" is not of the form 1.2.3 (odd-version)\n' +
    'stdin: good with 1 warning: sample 1.2, for Checkmk 2.3.0p1 to before 2.5.0b1: 2 files in cmk_addons_plugins (1 kB), 1 file in doc (1 kB)\n';
  assert.deepEqual(await run(['verify', '-'], bytes), { code: 0, output: verdict, errors: '' });
  assert.deepEqual(await run(['verify', '--strict', '-'], bytes), {
    code: 12,
    output: verdict,
    errors: 'cmk-courier: package: stdin: the version "1.2" is not of the form 1.2.3 (MALFORMED)\n',
  });
});

test('of many problems a hundred are shown, and an error is never hidden behind warnings', async () => {
  const names = Array.from({ length: 150 }, (_, index) => `x/libexec/${index}`);
  const files = { cmk_addons_plugins: names, doc: ['../x'] };
  const bytes = pack({ ...withFields({ files }), parts: [] });
  const { code, output, errors } = await run(['verify', '-'], bytes);
  assert.equal(code, 12);
  assert.match(output, /^stdin: error: "\.\.\/x" of "doc" \(unsafe-path\)\n/);
  assert.equal(
    errors,
    'cmk-courier: package: stdin: "../x" of "doc"; and 2 more problems (MALFORMED)\n',
  );
});

test('a file that cannot be read keeps no other from being looked at', async (t) => {
  const path = join(await makeTempDir(t), 'none.mkp');
  const { code, output, errors } = await run(['verify', path, '-'], pack(withFields({})));
  assert.equal(code, 4);
  assert.match(
    output,
    /^\S+none\.mkp: reading \S+: no such file or directory \(LOCAL\)\nstdin: good: /,
  );
  assert.equal(
    errors,
    `cmk-courier: package: reading ${path}: no such file or directory (LOCAL)\n`,
  );
});

test('what is larger than is allowed is told so', async () => {
  const { code, errors } = await run(['verify', '--max-size=1kB', '-'], pack(withFields({})));
  assert.equal(code, 11);
  assert.equal(
    errors,
    'cmk-courier: package: unpacked it is more than the allowed 1000 bytes (--max-size) (TOO_LARGE)\n',
  );
});

test('a missing verb or file is told', async () => {
  const lines = {
    '': 'a verb is missing; there is verify',
    verfy: 'no verb "verfy"; is verify meant?',
    verify: 'a FILE is missing',
  };
  for (const [words, message] of Object.entries(lines)) {
    const { code, errors } = await run(words === '' ? [] : [words]);
    assert.deepEqual([code, errors], [2, `cmk-courier: package: ${message} (USAGE)\n`]);
  }
});
