import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { sshTest, useSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from './leftovers.ts';
import { runOn } from './sources.ts';

const host = useSshd();
const jump = useSshd();
const second = useSshd();
afterEach(assertNoLeftovers);

/** Files for a way through all three, which all take the key of the host. */
async function writeFiles(directory: string) {
  const all = [host(), jump(), second()];
  const texts = await Promise.all(all.map(({ knownHosts }) => readFile(knownHosts, 'utf8')));
  const publicKey = await readFile(`${host().key}.pub`, 'utf8');
  for (const { directory: own } of all) {
    await writeFile(join(own, 'authorized_keys'), publicKey);
  }
  const [knownHosts, sshKey] = [join(directory, 'known_hosts'), join(directory, 'key')];
  await writeFile(knownHosts, texts.join(''));
  await copyFile(host().key, sshKey);
  return { knownHosts: [knownHosts], sshKey: [sshKey] };
}

sshTest('a host is reached through another', async (t) => {
  const files = await writeFiles(await makeTempDir(t));
  const proxyJump = [`root@127.0.0.1:${jump().port}`];
  assert.equal(await runOn(host(), 'echo {host}', { ...files, proxyJump }), 'web01\n');
  assert.match(jump().said(), /Accepted publickey/);
});

sshTest('a host is reached through several, with odd names of files', async (t) => {
  const directory = join(await makeTempDir(t), 'a b $(id) %h # ü;&');
  await mkdir(directory);
  const files = await writeFiles(directory);
  const ways = [jump(), second(), jump()].map(({ port }) => `127.0.0.1:${port}`);
  assert.equal(await runOn(host(), 'echo hi', { ...files, proxyJump: [ways.join(',')] }), 'hi\n');
});

sshTest('a jump host that is not known is REFUSED by its own name', async (t) => {
  const files = await writeFiles(await makeTempDir(t));
  const proxyJump = [`127.0.0.1:${jump().port}`];
  const knownHosts = [host().knownHosts];
  const jumped = runOn(host(), 'true', { ...files, knownHosts, proxyJump });
  const fault = await expectFault(jumped, 'REFUSED');
  const hint = `record it with cmk-courier ssh-trust 127.0.0.1:${jump().port}`;
  const at = `connecting to 127.0.0.1:${host().port}`;
  assert.equal(fault.message, `${at}: its host key is not known; ${hint}`);
});

sshTest('the key is refused by the jump host too', async (t) => {
  const files = await writeFiles(await makeTempDir(t));
  const proxyJump = [`nobody@127.0.0.1:${jump().port}`];
  const jumped = runOn(host(), 'true', { ...files, sshKey: [host().wrongKey], proxyJump });
  await expectFault(jumped, 'REFUSED', /no key of ours is accepted for nobody@127\.0\.0\.1/);
});

sshTest('a host nobody listens on behind the jump host is UNREACHABLE', async (t) => {
  const files = await writeFiles(await makeTempDir(t));
  const proxyJump = [`127.0.0.1:${jump().port}`];
  await host().lose();
  const jumped = runOn(host(), 'true', { ...files, proxyJump });
  const fault = await expectFault(jumped, 'UNREACHABLE');
  const via = `the host on the way, 127.0.0.1:${jump().port}, cannot connect to it`;
  const doing = `connecting to 127.0.0.1:${host().port}`;
  assert.equal(fault.message, `${doing}: ${via}: connection refused`);
  await host().restore();
});

sshTest('a jump host nobody listens on is UNREACHABLE by its own port', async (t) => {
  const files = await writeFiles(await makeTempDir(t));
  const { port } = jump();
  await jump().lose();
  const jumped = runOn(host(), 'true', { ...files, proxyJump: [`127.0.0.1:${port}`] });
  const fault = await expectFault(jumped, 'UNREACHABLE');
  await jump().restore();
  assert.ok(fault.message.endsWith(`: 127.0.0.1 port ${port}: connection refused`));
});

sshTest('a key that is restricted on the jump host is REFUSED, and called that', async (t) => {
  const files = await writeFiles(await makeTempDir(t));
  const keys = join(jump().directory, 'authorized_keys');
  await writeFile(keys, `restrict ${await readFile(keys, 'utf8')}`);
  const proxyJump = [`127.0.0.1:${jump().port}`];
  const fault = await expectFault(runOn(host(), 'true', { ...files, proxyJump }), 'REFUSED');
  const via = `the host on the way, 127.0.0.1:${jump().port}, lets nobody through with this key`;
  assert.equal(
    fault.message,
    `connecting to 127.0.0.1:${host().port}: ${via}; where that is restricted, it needs port-forwarding as well`,
  );
});
