import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { checkKeyFile, isLockedKey } from '../../src/openssh/key-file.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';

const run = promisify(execFile);
const skip = skipWithout('ssh-keygen');
let directory: string;
const at = (name: string) => join(directory, name);

async function makeKeys(): Promise<void> {
  const keygen = (...args: readonly string[]) => run('ssh-keygen', ['-q', '-C', 'x', ...args]);
  await keygen('-t', 'ed25519', '-N', '', '-f', at('plain'));
  await keygen('-t', 'ed25519', '-N', 'secret', '-f', at('locked'));
  await keygen('-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '', '-f', at('pem'));
  await keygen('-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'secret', '-f', at('locked-pem'));
  await keygen('-t', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', 'secret', '-f', at('locked-pkcs8'));
  const { stdout } = await run('ssh-keygen', ['-e', '-f', at('plain.pub')]);
  await writeFile(at('ssh2'), stdout);
  const rsa = await run('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', at('pem.pub')]);
  await writeFile(at('pkcs8'), rsa.stdout);
  for (const name of ['plain', 'pem']) {
    const text = await readFile(at(name), 'utf8');
    await writeFile(at(`${name}-crlf`), text.replaceAll('\n', '\r\n'));
    await writeFile(at(`${name}-utf16`), Buffer.from(`\ufeff${text}`, 'utf16le'));
    await writeFile(at(`${name}-bom`), `\ufeff${text}`);
  }
  await writeFile(at('key.ppk'), 'PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n');
}

before(async () => {
  directory = await makeTempDir();
  if (!skip) await makeKeys();
});
after(() => removeTempDir(directory));

async function why(name: string, hasAgent = false): Promise<string> {
  const { message } = await expectFault(checkKeyFile(at(name), hasAgent), 'CONFIG');
  return message.replace(`--ssh-key ${at(name)} `, '');
}

test('a key ssh can read is none to refuse', { skip }, async () => {
  for (const name of ['plain', 'pem', 'pem-crlf']) {
    assert.equal(await checkKeyFile(at(name), false), false, name);
  }
});

test('what is no private key is called what it is', { skip }, async () => {
  for (const name of ['plain.pub', 'pem.pub', 'ssh2', 'pkcs8']) {
    assert.equal(
      await why(name),
      'is a public key; name the private one, whose file has the same name without .pub',
    );
  }
  assert.equal(
    await why('key.ppk'),
    'is a key of PuTTY; what ssh reads is made of it by puttygen -O private-openssh',
  );
  for (const name of ['plain-crlf', 'plain-utf16', 'plain-bom', 'pem-utf16', 'pem-bom']) {
    assert.equal(
      await why(name),
      'was saved by an editor of Windows; save it with line feeds alone, as plain ASCII',
      name,
    );
  }
});

test('a key that wants a passphrase is called that, in every form', { skip }, async () => {
  for (const name of ['locked', 'locked-pem', 'locked-pkcs8']) {
    assert.match(await why(name), /^wants a passphrase, and nobody can be asked; load it into/);
    assert.equal(await isLockedKey(at(name)), true);
  }
  assert.equal(await isLockedKey(at('plain')), false);
  assert.equal(await isLockedKey(at('none')), false);
});

test('with an agent such keys name one of its own, but PuTTY’s stay none', { skip }, async () => {
  for (const name of ['locked', 'plain.pub']) {
    assert.equal(await checkKeyFile(at(name), true), true, name);
  }
  assert.match(await why('key.ppk', true), /^is a key of PuTTY/);
});

test('what is no key at all is left to ssh, what is not there is LOCAL', { skip }, async () => {
  await writeFile(at('garbage'), 'not a key\n');
  await writeFile(at('cut'), '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n');
  await mkdir(at('folder'));
  for (const path of [at('garbage'), at('cut'), at('folder'), '/dev/null']) {
    assert.equal(await checkKeyFile(path, false), false, path);
  }
  const fault = await expectFault(checkKeyFile(at('none'), false), 'LOCAL');
  assert.equal(fault.message, `reading --ssh-key ${at('none')}: no such file or directory`);
});
