/** Which host a UUID stands for is found without reading every record. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Hosts, type RegisteredHost } from '../../src/receiver/state/hosts.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

function makeRecord(host: string, uuid: string = randomUUID()): RegisteredHost {
  return {
    host,
    uuid,
    mode: 'push-agent',
    certificates: [],
    piggyback: [],
    registeredAt: '2026-01-01T00:00:00.000Z',
    registeredBy: 'user admin',
  };
}

function link(hosts: Hosts, record: RegisteredHost): Promise<boolean> {
  return hosts.link(record, () => record);
}

test('a first registration reads no other record', async () => {
  await withTempDir(async (directory) => {
    const others = await Hosts.open(directory);
    await link(others, makeRecord('web01'));
    const log = makeCollectingLog();
    const hosts = await Hosts.open(directory, log);
    // Whoever reads it from now on says that it is damaged.
    await writeFile(join(directory, 'hosts', 'web01.json'), '{', { mode: 0o600 });
    for (const host of ['web02', 'web03']) {
      const record = makeRecord(host);
      assert.equal(await hosts.byUuid(record.uuid), undefined);
      assert.equal(await link(hosts, record), true);
      assert.equal((await hosts.byUuid(record.uuid))?.host, host);
    }
    assert.deepEqual(log.lines, []);
  });
});

test('what another process has added is found at once, what it took away is gone', async () => {
  await withTempDir(async (directory) => {
    const hosts = await Hosts.open(directory, makeCollectingLog());
    const others = await Hosts.open(directory);
    for (const host of ['web01', 'web02']) {
      const record = makeRecord(host);
      assert.equal(await hosts.byUuid(record.uuid), undefined);
      await link(others, record);
      assert.equal((await hosts.byUuid(record.uuid))?.host, host);
      await others.remove(host);
      assert.equal(await hosts.byUuid(record.uuid), undefined);
    }
  });
});

test('one UUID is linked with one host, however many ask at once; others do not wait for it', async () => {
  await withTempDir(async (directory) => {
    const hosts = await Hosts.open(directory, makeCollectingLog());
    const uuid = randomUUID();
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const first = hosts.link({ host: 'web01', uuid }, async () => {
      await held;
      return makeRecord('web01', uuid);
    });
    const second = link(hosts, makeRecord('web02', uuid));
    assert.equal(await link(hosts, makeRecord('web03')), true);
    goOn();
    assert.deepEqual(await Promise.all([first, second]), [true, false]);
    assert.match(await readFile(join(directory, 'hosts', 'web01.json'), 'utf8'), new RegExp(uuid));
  });
});
