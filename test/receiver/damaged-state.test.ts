/** One broken record takes no other along, and is named. */

import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { expectFault } from '../helpers/expect-fault.ts';
import {
  askForRegistration,
  askProgress,
  exchange,
  push,
  register,
  trustAnything,
} from '../peers/controller-client.ts';
import { runHosts } from './run-hosts.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const placeOf = ({ port }: Pick<RunningReceiver, 'port'>) => ({ port, site });
const fileOf = ({ directory }: RunningReceiver, name: string) => join(directory, 'state', name);

async function upload(running: Pick<RunningReceiver, 'port'>, token: string): Promise<number> {
  const path = '/v1/hosts/web01/agent-output';
  const headers = { authorization: `Bearer ${token}` };
  const message = { method: 'PUT', path, headers, body: goodOutput };
  return (await exchange(placeOf(running), message, trustAnything)).status;
}

test('while it runs, what is damaged hurts itself alone, and the list names it', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const credential = { user: 'admin', password };
  const good = await register(place, credential, 'web01');
  const bad = await register(place, credential, 'web02');
  const token = await running.makeAccess({});
  await running.makeAccess({ kind: 'user', name: 'broken' });
  const asked = await askForRegistration(place, credential, { 'cmk/hostname-simple': 'web03' });
  const host = fileOf(running, 'hosts/web02.json');
  const user = fileOf(running, 'access/user-broken.json');
  const request = fileOf(running, `requests/b.json`);
  await writeFile(host, '{"host": "web02", "uuid": 1}');
  await writeFile(user, '{"kind": "user", "hash": "secret');
  await writeFile(request, '');
  const listed = await runHosts(running, ['list']);
  const damaged = listed.split('\n').filter((line) => line.startsWith('damaged'));
  assert.deepEqual(damaged, [
    `damaged: ${host}: uuid: Invalid input: expected string, received number`,
    `damaged: ${request}: not JSON`,
    `damaged: ${user}: not JSON at position 32`,
  ]);
  assert.match(listed, /^registered web01 /);
  await push(place, good, goodOutput);
  assert.equal(await upload(running, token), 204);
  await runHosts(running, ['allow', 'web03']);
  assert.equal((await askProgress(asked)).status, 'Success');
  await assert.rejects(push(place, bad, goodOutput), { status: 503 });
  assert.ok(running.refusals().some((line) => line.includes(`${host}: uuid: `)));
  const said = (await runHosts(running, ['revoke', 'web02'])).split('\n');
  assert.match(
    said[0] ?? '',
    /^removed the damaged record of web02 \(.*web02\.json: uuid: .*\); its/,
  );
  await runHosts(running, ['revoke', 'broken']);
  assert.match(await runHosts(running, ['list']), /^damaged: .*b\.json: not JSON$/m);
  await assert.rejects(push(place, bad, goodOutput), { status: 403 });
});

test('at the start what is damaged is set aside and named, the rest is served', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  await register(place, { user: 'admin', password }, 'web01');
  const token = await running.makeAccess({});
  for (const kind of ['hosts', 'access', 'requests']) {
    await writeFile(fileOf(running, `${kind}/torn.json`), '{"host": ');
    await mkdir(fileOf(running, `${kind}/folder.json`));
  }
  const open = fileOf(running, 'hosts/open.json');
  await writeFile(open, '{}');
  await chmod(open, 0o666);
  const again = await running.restart();
  const warnings = again.log.lines.filter((line) => line.startsWith('warn'));
  const aside = await readdir(fileOf(running, 'broken'));
  assert.deepEqual(aside.map((name) => name.replace(/^\w+-/, '')).sort(), [
    'access-torn.json',
    'hosts-torn.json',
    'requests-torn.json',
  ]);
  for (const name of aside) {
    const kind = name.split('-')[1] ?? '';
    const moved = `${fileOf(running, `${kind}/torn.json`)}: not JSON; the file is now ${fileOf(running, `broken/${name}`)} {}`;
    assert.ok(warnings.includes(`warn ${moved}`), `${moved} in ${warnings.join('\n')}`);
    assert.equal(await readFile(fileOf(running, `broken/${name}`), 'utf8'), '{"host": ');
  }
  assert.equal(new Set(warnings).size, warnings.length);
  // What cannot be read, or what others may change, may be whole: it is named only.
  assert.ok(warnings.some((line) => line.includes('access/folder.json: ')));
  assert.ok(warnings.some((line) => line.includes(`others may change ${open}: `)));
  assert.ok((await readdir(fileOf(running, 'hosts'))).includes('open.json'));
  assert.equal(await upload(again, token), 204);
  await rm(open);
  await register(placeOf(again), { user: 'admin', password }, 'web05');
});

test('a hash that is damaged is no way in, and says no more than that', async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({});
  const [access] = await running.accesses.list();
  const file = fileOf(running, `access/token-${access?.id}.json`);
  await writeFile(file, JSON.stringify({ ...access, hash: 'hmac-sha256:x:y' }));
  assert.equal(await upload(running, token), 503);
  const other = await running.makeAccess({});
  assert.equal(await upload(running, other), 204);
  await expectFault(runHosts(running, ['revoke', 'nobody']), 'USAGE');
});
