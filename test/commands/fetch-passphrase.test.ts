import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { storePassword } from '../helpers/password-store.ts';
import { goodOutput } from '../helpers/scripted-transport.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { schemes } from '../wrapping/symmetric-vectors.ts';

const passphrase = new Secret('Sx4-dropped');
const salt = Buffer.alloc(8);

interface Drop {
  readonly path: string;
  /** A file with its passphrase. */
  readonly passphraseFile: string;
}

async function makeDrop(context: TestContext, bytes: Buffer): Promise<Drop> {
  const directory = await makeTempDir(context);
  const drop = { path: join(directory, 'web01'), passphraseFile: join(directory, 'passphrase') };
  await writeFile(drop.path, bytes);
  await writeFile(drop.passphraseFile, `${passphrase.reveal()}\n`, { mode: 0o600 });
  return drop;
}

/** Exit code, stdout and stderr of `fetch` in this process. */
async function fetch(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly [number, string, string]> {
  const { said, ...context } = makeCommandContext();
  const io = { ...context, env, clock: systemClock };
  const code = await main(['fetch', '--host=web01', ...args], io);
  return [code, said.output, said.errors];
}

for (const scheme of schemes) {
  test(`a dropped file encrypted by scheme ${scheme} is opened with --passphrase-file`, async (context) => {
    const message = await encryptSymmetric(Buffer.from(goodOutput), scheme, passphrase, salt);
    const { path, passphraseFile } = await makeDrop(context, gzipSync(message));
    assert.deepEqual(await fetch([`--passphrase-file=${passphraseFile}`, path]), [
      0,
      goodOutput,
      '',
    ]);
  });
}

test('encrypted output is refused without a passphrase', async (context) => {
  const message = await encryptSymmetric(Buffer.from(goodOutput), '04', passphrase, salt);
  const { path } = await makeDrop(context, message);
  assert.deepEqual(await fetch([path]), [
    12,
    '',
    `cmk-courier: file: web01: ${path}: line 1: the output is still encrypted (scheme 04), and its passphrase is missing here (rule encrypted) (MALFORMED)\n`,
  ]);
});

test('encrypted output is refused with another passphrase', async (context) => {
  const message = await encryptSymmetric(Buffer.from(goodOutput), '04', passphrase, salt);
  const { path, passphraseFile } = await makeDrop(context, message);
  await writeFile(passphraseFile, 'Sx4-another');
  assert.deepEqual(await fetch([`--passphrase-file=${passphraseFile}`, path]), [
    7,
    '',
    `cmk-courier: file: web01: ${path}: the output cannot be decrypted (scheme 04): another passphrase was used, or the output was changed on its way (REFUSED)\n`,
  ]);
});

test('a source in the chain need not be encrypted', async (context) => {
  const { path, passphraseFile } = await makeDrop(context, Buffer.from(goodOutput));
  assert.deepEqual(await fetch([`--passphrase-file=${passphraseFile}`, `${path}.missing`, path]), [
    0,
    goodOutput,
    '',
  ]);
});

test('a passphrase that cannot be read ends the fetch before any source is asked', async (context) => {
  const { path, passphraseFile } = await makeDrop(context, Buffer.from(goodOutput));
  const missing = `${passphraseFile}.missing`;
  assert.deepEqual(await fetch([`--passphrase-file=${missing}`, path]), [
    4,
    '',
    `cmk-courier: fetch: reading --passphrase-file ${missing}: no such file or directory (LOCAL)\n`,
  ]);
});

test("the passphrase may be in Checkmk's password store", async (context) => {
  const message = await encryptSymmetric(Buffer.from(goodOutput), '05', passphrase, salt);
  const { path } = await makeDrop(context, message);
  const { reference, env } = await storePassword(dirname(path), passphrase.reveal());
  assert.deepEqual(await fetch([`--passphrase-id=${reference}`, path], env), [0, goodOutput, '']);
});

test('the passphrase comes from a file or from the store, not from both', async (context) => {
  const { path, passphraseFile } = await makeDrop(context, Buffer.from(goodOutput));
  const args = [`--passphrase-file=${passphraseFile}`, '--passphrase-id=a:/store', path];
  assert.deepEqual(await fetch(args), [
    2,
    '',
    'cmk-courier: fetch: --passphrase-file and --passphrase-id exclude each other (USAGE)\n',
  ]);
});

test('other options are checked before the passphrase is read', async (context) => {
  const { path, passphraseFile } = await makeDrop(context, Buffer.from(goodOutput));
  const [code] = await fetch([`--passphrase-file=${passphraseFile}.missing`, '--sections=!', path]);
  assert.equal(code, 2);
});
