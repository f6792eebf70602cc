import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { toSftpSource } from '../sftp/sources.ts';
import { assertNoLeftovers } from './leftovers.ts';
import { fetchOnce, runOn } from './sources.ts';

/** A device that has learnt nothing since 2005. */
const configuration = `
KexAlgorithms diffie-hellman-group1-sha1
HostKeyAlgorithms ssh-rsa
Ciphers aes128-cbc,3des-cbc
MACs hmac-md5
`;

let sshd: Sshd;
before(async () => {
  if (!skipWithoutSshd) sshd = await startSshd({ configuration, keyType: 'rsa' });
});
after(() => sshd?.close());
afterEach(assertNoLeftovers);

function oldTest(name: string, run: () => Promise<void>): void {
  test(name, { skip: skipWithoutSshd, timeout: 120_000 }, run);
}

const everyName: RawOptions = {
  sshKex: ['diffie-hellman-group1-sha1'],
  sshHostKeys: ['ssh-rsa'],
  sshCiphers: ['3des-cbc'],
  sshMacs: ['hmac-md5,hmac-md5-96'],
};

oldTest('each algorithm that does not fit is told with what the device offers', async () => {
  const steps: readonly (readonly [string, string])[] = [
    ['sshKex', 'no key exchange method in common; it offers "diffie-hellman-group1-sha1"'],
    ['sshHostKeys', 'no host key type in common; it offers "ssh-rsa"'],
    ['sshCiphers', 'no cipher in common; it offers "aes128-cbc,3des-cbc"'],
    ['sshMacs', 'no MAC in common; it offers "hmac-md5"'],
  ];
  let options: RawOptions = {};
  for (const [name, why] of steps) {
    const fault = await expectFault(runOn(sshd, 'true', options), 'PEER');
    const doing = `connecting to 127.0.0.1:${sshd.port}`;
    assert.equal(fault.message, `${doing}: ${why}; --ssh-legacy allows it`);
    options = { ...options, [name]: everyName[name] ?? [] };
  }
  assert.equal(await runOn(sshd, 'echo hi', options), 'hi\n');
});

oldTest('--ssh-legacy allows all of it, for sftp too', async () => {
  assert.equal(await runOn(sshd, 'echo hi', { sshLegacy: ['true'] }), 'hi\n');
  const path = join(sshd.directory, 'web01.txt');
  await writeFile(path, '<<<a>>>\n');
  const { output } = await fetchOnce(sftp, toSftpSource(sshd, path, { sshLegacy: ['true'] }));
  assert.equal(output.toString(), '<<<a>>>\n');
});

const hasDsa = spawnSync('ssh', ['-Q', 'key']).stdout?.includes('ssh-dss');

test('keys of DSA are allowed by it at both ends, where ssh still has them', {
  skip: skipWithoutSshd || (hasDsa ? false : 'the ssh of this machine has no DSA'),
}, async () => {
  const lines = 'HostKeyAlgorithms ssh-dss\nPubkeyAcceptedAlgorithms ssh-dss';
  const peer = await startSshd({ configuration: lines, keyType: 'dsa' });
  const allowed = runOn(peer, 'echo hi', { sshLegacy: ['true'] }).finally(peer.close);
  assert.equal(await allowed, 'hi\n');
});

oldTest('what this ssh does not know is LOCAL, what is no name USAGE', async () => {
  const unknown = runOn(sshd, 'true', { sshKex: ['rot13'] });
  const fault = await expectFault(unknown, 'LOCAL');
  assert.match(
    fault.message,
    /: ssh of this machine cannot do it: "Bad SSH2 KexAlgorithms '\+rot13'\."$/,
  );
  for (const wrong of ['', 'a,,b', '+a', 'a b', '-oX=y', 'a\nb']) {
    await expectFault(
      runOn(sshd, 'true', { sshCiphers: [wrong] }),
      'USAGE',
      /^--ssh-ciphers must be names/,
    );
  }
});
