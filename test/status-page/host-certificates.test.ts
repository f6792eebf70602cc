import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Access } from '../../src/receiver/state/accesses.ts';
import type { RegisteredHost } from '../../src/receiver/state/hosts.ts';
import {
  listHostCertificates,
  toCertificateTable,
} from '../../src/status-page/feeds/host-certificates.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const nowMs = Date.parse('2026-11-28T12:00:00Z');
const dayMs = 86_400_000;
const inDays = (days: number) => new Date(nowMs + days * dayMs).toISOString();

function registered(
  host: string,
  ...certificates: readonly (readonly [serial: string, days: number])[]
): RegisteredHost {
  return {
    ...{ host, uuid: '6f1f3f5e-3f36-4e36-9a7c-6a1d0b6f5c11', mode: 'push-agent' },
    certificates: certificates.map(([serial, days]) => ({ serial, notAfter: inDays(days) })),
    ...{ piggyback: [], registeredAt: inDays(-9), registeredBy: 'user ada' },
  };
}

const relay: Access = {
  ...{ kind: 'certificate', id: '7f1f3f5e-3f36-4e36-9a7c-6a1d0b6f5c12', name: 'far1', hash: '' },
  hosts: ['far-*', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6'],
  ...{ piggyback: [], rights: ['upload'], mode: 'push-agent', createdAt: '', expiresAt: null },
  certificates: [{ serial: 'c1', notAfter: inDays(20) }],
};
const token: Access = { ...relay, kind: 'upload', id: 'token-1' };
const { certificates: _, ...withoutCertificate } = token;

test('of each host the newest certificate counts, and what needs somebody stands first', async (t) => {
  const directory = await makeTempDir(t);
  await writeFile(join(directory, 'revoked.txt'), '00AB01 uuid 2026-11-28T12:00:00Z\n');
  const hosts = [
    registered('good', ['1', 40], ['2', 900]),
    registered('denied', ['AB:01', 700]),
    registered('gone', ['3', -1]),
    registered('soon', ['4', 3]),
    registered('none'),
  ];
  const found = await listHostCertificates(hosts, [relay, withoutCertificate], directory);
  const { rows, count } = toCertificateTable(found, nowMs);
  assert.deepEqual(
    rows.map(({ level, cells }) => [level, ...cells]),
    [
      ['bad', 'gone', 'gone', 'has ended', nowMs - dayMs, '3'],
      ['bad', 'soon', 'soon', 'was not renewed', nowMs + 3 * dayMs, '4'],
      ['warn', 'far1', 'far-* b1 b2 b3 b4 and 2 more', 'ends soon', nowMs + 20 * dayMs, 'c1'],
      ['warn', 'denied', 'denied', 'revoked', nowMs + 700 * dayMs, 'AB:01'],
      ['ok', 'good', 'good', 'good', nowMs + 900 * dayMs, '2'],
    ],
  );
  assert.equal(count, 5);
  const many = Array.from({ length: 150 }, (_, n) => registered(`host${n}`, [`${n + 1}`, 900]));
  const all = toCertificateTable(await listHostCertificates(many, [], directory), nowMs);
  assert.deepEqual([all.rows.length, all.count], [100, 150]);
});
