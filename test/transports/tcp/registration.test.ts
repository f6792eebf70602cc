/** The UUID of a host, as sites of both layouts know it (agent-port.md#uuid). */

import assert from 'node:assert/strict';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findUuid } from '../../../src/transports/tcp/registration.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { register, registerTheOldWay } from './site.ts';

const [first, second] = [
  '11111111-2222-4333-8444-555555555555',
  '99999999-2222-4333-8444-555555555555',
];
const outputs = '/omd/sites/test/tmp/check_mk/data_source_cache/push-agent';

describe('the newest layout', () => {
  test('has a link by the name of the host, with the UUID as its text', async (t) => {
    const root = await makeTempDir(t);
    await register(root, 'web01', first);
    await register(root, 'web10', second);
    assert.equal(await findUuid('web01', root), first);
    assert.equal(await findUuid('web10', root), second);
    assert.equal(await findUuid('web1', root), undefined);
  });

  test('comes before the older one', async (t) => {
    const root = await makeTempDir(t);
    await registerTheOldWay(root, second, `${outputs}/web01`);
    await register(root, 'web01', first);
    assert.equal(await findUuid('web01', root), first);
  });

  test('gives UUIDs in lower case, as they stand in certificates', async (t) => {
    const root = await makeTempDir(t);
    await register(root, 'web01', first.replaceAll('5', 'A'));
    assert.equal(await findUuid('web01', root), first.replaceAll('5', 'a'));
  });

  test('with a link that is no UUID is a fault, not a host without registration', async (t) => {
    const root = await makeTempDir(t);
    for (const [host, text] of [
      ['web01', 'garbage'],
      ['web02', `../${first}`],
      ['web03', first.replaceAll('-', '')],
    ] as const) {
      await register(root, host, text);
      const fault = await expectFault(findUuid(host, root), 'CONFIG');
      const path = join(root, 'var/agent-receiver/uuid-lookup', host);
      assert.equal(fault.message, `reading ${path}: not a UUID: "${text}"`);
    }
  });

  test('with something else than a link is a fault', async (t) => {
    const root = await makeTempDir(t);
    await register(root, 'web01', first);
    const path = join(root, 'var/agent-receiver/uuid-lookup/web02');
    await writeFile(path, first);
    const fault = await expectFault(findUuid('web02', root), 'CONFIG');
    assert.equal(fault.message, `reading ${path}: not a symbolic link`);
  });
});

describe('the older layout', () => {
  test('has links by UUID that lead to a file by the name of the host, there or not', async (t) => {
    const root = await makeTempDir(t);
    await registerTheOldWay(root, first, `${outputs}/web01`);
    await registerTheOldWay(root, second, '../../../tmp/push-agent/web02');
    assert.equal(await findUuid('web01', root), first);
    assert.equal(await findUuid('web02', root), second);
    assert.equal(await findUuid('web', root), undefined);
    assert.equal(await findUuid('push-agent', root), undefined);
  });

  test('may hold what is not a UUID, and what is not a link', async (t) => {
    const root = await makeTempDir(t);
    const directory = join(root, 'var/agent-receiver/received-outputs');
    await mkdir(join(directory, first), { recursive: true });
    await symlink(`${outputs}/web01`, join(directory, 'garbage'));
    await symlink(`${outputs}/web01`, join(directory, `${second}.tmp`));
    assert.equal(await findUuid('web01', root), undefined);
    await symlink(`${outputs}/web01`, join(directory, second));
    assert.equal(await findUuid('web01', root), second);
  });

  test('with two links to one host gives the first by name', async (t) => {
    const root = await makeTempDir(t);
    await registerTheOldWay(root, second, `${outputs}/web01`);
    await registerTheOldWay(root, first, `${outputs}/web01`);
    assert.equal(await findUuid('web01', root), first);
  });

  test('finds one of a few thousand hosts', async (t) => {
    const root = await makeTempDir(t);
    for (let number = 0; number < 3000; number += 1) {
      const name = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      await registerTheOldWay(root, name, `${outputs}/host${number}`);
    }
    assert.equal(await findUuid('host2999', root), '00000000-0000-4000-8000-000000002999');
  });
});

test('a site without either directory knows no UUID', async (t) => {
  assert.equal(await findUuid('web01', await makeTempDir(t)), undefined);
});

test('a name with a slash is refused before a path is built of it', async (t) => {
  const root = await makeTempDir(t);
  await register(root, 'web01', first);
  for (const host of ['uuid-lookup/web01', '../uuid-lookup/web01', '/etc', '..', '.', '']) {
    await expectFault(findUuid(host, root), 'USAGE', /^looking up a UUID: not a host name/);
  }
});

test('a directory that cannot be read is a fault, not a host without registration', async (t) => {
  const root = await makeTempDir(t);
  await mkdir(join(root, 'var'));
  await writeFile(join(root, 'var/agent-receiver'), 'a file in the place of a directory');
  await expectFault(findUuid('web01', root), 'LOCAL', /: not a directory$/);
});

test('of five thousand links each is read once, and what changes is noticed', async (t) => {
  const root = await makeTempDir(t);
  const directory = join(root, 'var/agent-receiver/received-outputs');
  await registerTheOldWay(root, first, `${outputs}/web01`);
  const later = new FakeClock(Date.now() + 60_000);
  assert.equal(await findUuid('web01', root, later), first);
  // A second link of the same name is not seen as long as nothing is read anew.
  await utimes(directory, 1000, 1000);
  assert.equal(await findUuid('web02', root, later), undefined);
  await symlink(`${outputs}/web02`, join(directory, second));
  await utimes(directory, 1000, 1000);
  assert.equal(await findUuid('web02', root, later), undefined);
  await utimes(directory, 2000, 2000);
  assert.equal(await findUuid('web02', root, later), second);
});
