import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { oddVcenter } from '../../peers/vsphere/odd-inventory.ts';
import { fault } from '../../peers/vsphere/soap-server.ts';
import { startFake } from './asking.ts';

const hourMs = 3_600_000;

function hasAll(output: string): boolean {
  return /<<<esx_vsphere_vm>>>/.test(output) && /"faults":0/.test(output);
}

test('a session is used again for four hours', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  await asking.ask();
  asking.clock.set(asking.clock.now() + 3.9 * hourMs);
  assert.ok(hasAll(await asking.ask()));
  assert.equal(fake.logins, 1);
  fake.endSessions();
  asking.clock.set(asking.clock.now() + 0.2 * hourMs);
  assert.ok(hasAll(await asking.ask()));
  assert.equal(fake.logins, 2);
  asking.clock.set(asking.clock.now() - hourMs);
  fake.endSessions();
  await asking.ask();
  assert.equal(fake.logins, 3);
});

test('a session that the server has forgotten is begun anew', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  await asking.ask();
  fake.endSessions();
  assert.ok(hasAll(await asking.ask()));
  assert.equal(fake.logins, 2);
});

test('a server that answers a forgotten session as if it were empty', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  await asking.ask();
  fake.interfere = ({ method, cookie }) =>
    method === 'RetrievePropertiesEx' && cookie?.includes('s1-')
      ? { status: 200, body: emptyAnswer }
      : 'pass';
  fake.endSessions();
  assert.ok(hasAll(await asking.ask()));
  assert.equal(fake.logins, 2);
});

const emptyAnswer =
  '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><RetrievePropertiesExResponse xmlns="urn:vim25"/></e:Body></e:Envelope>';

/** Of service content and login, then of thirteen within the session. */
const calls = 14;

for (let lostAt = 2; lostAt < calls; lostAt += 1) {
  test(`the session is lost before call ${lostAt}: one login more, and all is there`, async (t) => {
    const { fake, asking } = await startFake(t, oddVcenter);
    fake.interfere = ({ number }) => {
      if (number === lostAt) fake.endSessions();
      return 'pass';
    };
    assert.ok(hasAll(await asking.ask()));
    assert.equal(fake.logins, 2);
  });
}

test('a server that forgets every session at once', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  fake.interfere = ({ method }) =>
    /Login|Content/.test(method)
      ? 'pass'
      : fault('NotAuthenticated', 'The session is not authenticated.');
  await assert.rejects(asking.ask(), {
    code: 'REFUSED',
    message: /the server forgets its session at once/,
  });
  assert.equal(fake.logins, 2);
});

test('a wrong password is told in words, and nothing is kept', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  await writeFile(join(asking.directory, 'secret'), 'wrong', { mode: 0o600 });
  await assert.rejects(asking.ask(), {
    code: 'REFUSED',
    message: `https://127.0.0.1:${fake.port}/sdk: login of "monitor@vsphere.local": user or password is wrong`,
  });
  assert.deepEqual(await readdir(join(asking.directory, 'kept/vsphere')), []);
});

test('what is kept is private; torn, foreign or too wide it is as if it had never been', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  await asking.ask();
  const kept = join(asking.directory, 'kept/vsphere');
  const names = await readdir(kept);
  assert.equal(names.length, 2);
  for (const name of names) {
    assert.equal((await stat(join(kept, name))).mode & 0o777, 0o600);
    const text = await readFile(join(kept, name), 'utf8');
    assert.ok(!text.includes(oddVcenter.password));
  }
  for (const broken of [
    '',
    '{',
    '{"cookie":7,"atMs":0}',
    '\0'.repeat(100),
    'x'.repeat(17 * 1024 * 1024),
  ]) {
    for (const name of names) await writeFile(join(kept, name), broken);
    fake.endSessions();
    const before = fake.logins;
    assert.ok(hasAll(await asking.ask()));
    assert.equal(fake.logins, before + 1);
  }
});

test('counters: as many values as have come since the last run', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  const samples = async () => {
    const before = fake.calls.length;
    await asking.ask();
    const query = fake.calls.slice(before).find(({ method }) => method === 'QueryPerf');
    const spec = query?.parameters.children.find(({ name }) => name === 'querySpec');
    return spec?.children.find(({ name }) => name === 'maxSample')?.text;
  };
  assert.equal(await samples(), '3');
  for (const [seconds, wanted] of [
    [1, '1'],
    [45, '2'],
    [60, '3'],
    [7200, '180'],
    [-600, '1'],
  ] as const) {
    asking.clock.set(asking.clock.now() + seconds * 1000);
    assert.equal(await samples(), wanted, `after ${seconds} s`);
  }
});
