/** The stand-in for ONTAP refuses what the real one refuses, and gives what the real one gives. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildEstate } from './ontap/estate.ts';
import { FakeOntap, type OntapSettings } from './ontap/server.ts';

async function startOntap(context: TestContext, settings: Partial<OntapSettings> = {}) {
  const server = await new FakeOntap({ records: buildEstate(), ...settings }).start();
  context.after(() => server.stop());
  return server;
}

const basic = `Basic ${Buffer.from('monitor:secret').toString('base64')}`;

async function ask({ url }: FakeOntap, path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, { headers: { authorization: basic }, ...init });
  const content: unknown = await response.json();
  return { status: response.status, content };
}

test('only keys and what was asked for come', async (context) => {
  const server = await startOntap(context);
  const path = '/api/storage/shelves?fields=id,fans.id,fans.state';
  assert.deepEqual((await ask(server, path)).content, {
    records: [
      {
        uid: '12439000444923584512',
        id: '0',
        fans: [
          { id: 1, state: 'ok' },
          { id: 2, state: 'error' },
        ],
      },
      { uid: '12439000444923584513', id: '1' },
    ],
    num_records: 2,
  });
});

test('unknown paths, fields, parameters and methods are refused, as are strangers', async (context) => {
  const server = await startOntap(context);
  const refusals: readonly [string, RequestInit, number, object][] = [
    ['/api/storage/nothing', {}, 404, { message: 'API not found', code: '3' }],
    [
      '/api/storage/disks?fields=uid,colour',
      {},
      400,
      {
        message: 'The value "colour" is invalid for field "fields" (<field,...>)',
        code: '262197',
        target: 'fields',
      },
    ],
    [
      '/api/storage/disks?colour=red',
      {},
      400,
      { message: 'Unexpected argument "colour".', code: '262179', target: 'colour' },
    ],
    [
      '/api/storage/disks',
      { method: 'POST', headers: { authorization: basic } },
      405,
      { message: 'Method not allowed', code: '5' },
    ],
    [
      '/api/storage/aggregates/none',
      {},
      404,
      { message: "entry doesn't exist", code: '4', target: 'uuid' },
    ],
    [
      '/api/storage/disks',
      { headers: {} },
      401,
      { message: 'User is not authorized.', code: '6691623' },
    ],
  ];
  for (const [path, init, status, error] of refusals) {
    assert.deepEqual(await ask(server, path, init), { status, content: { error } }, path);
  }
});

test('a version has the fields and paths that came with it or before', async (context) => {
  const old = await startOntap(context, { version: '9.8' });
  assert.equal((await ask(old, '/api/storage/shelves?fields=fans.state')).status, 400);
  assert.equal((await ask(old, '/api/cluster/counter/tables/lif/rows')).status, 404);
  const middle = await startOntap(context, { version: '9.12' });
  assert.equal((await ask(middle, '/api/storage/shelves?fields=fans.state')).status, 200);
  assert.equal((await ask(middle, '/api/storage/shelves?fields=fans.installed')).status, 400);
  assert.equal((await ask(middle, '/api/cluster/counter/tables/lif/rows')).status, 200);
});

test('filters leave out records, and counters of those that stay', async (context) => {
  const server = await startOntap(context);
  const query = new URLSearchParams({
    id: '*:vol3:*',
    fields: 'counters',
    'counters.name': 'bytes_read|fcp.read_ops',
  });
  assert.deepEqual(
    (await ask(server, `/api/cluster/counter/tables/volume/rows?${query}`)).content,
    {
      records: [
        {
          id: 'cluster1-02:svm0:vol3:00000002-0000-4000-8000-000000000003',
          counters: [
            { name: 'bytes_read', value: 3000 },
            { name: 'fcp.read_ops', value: 3028 },
          ],
        },
      ],
      num_records: 1,
    },
  );
  const constituents = await ask(server, '/api/storage/volumes?is_constituent=true');
  assert.deepEqual(constituents.content, {
    records: [{ name: 'vol9', uuid: '00000002-0000-4000-8000-000000000009' }],
    num_records: 1,
  });
});

/** Every record of a collection, page by page. */
async function readAll(server: FakeOntap, path: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const response = await fetch(`${server.url}${next}`, { headers: { authorization: basic } });
    const page = JSON.parse(await response.text());
    found.push(...page.records);
    next = page._links?.next?.href;
  }
  return found;
}

test('pages go on where the last one ended, also after one without records', async (context) => {
  const records = buildEstate({ disks: 25 });
  const server = await startOntap(context, {
    records,
    pageSize: 10,
    interfere: new Map([['/storage/disks', 'empty page']]),
  });
  const all = (records.get('/storage/disks') ?? []).map(({ name, uid }) => ({ name, uid }));
  assert.deepEqual(await readAll(server, '/api/storage/disks?fields=uid'), all);
  assert.equal(server.asked.length, 7);
});

test('root aggregates are found by the private path and one by one only', async (context) => {
  const server = await startOntap(context);
  const names = async (path: string) => JSON.stringify((await ask(server, path)).content);
  assert.doesNotMatch(await names('/api/storage/aggregates'), /aggr0_/);
  assert.match(await names('/api/private/cli/aggr?fields=uuid'), /aggr0_cluster1-01/);
  const uuid = '00000005-0000-4000-8000-000000000000';
  assert.deepEqual((await ask(server, `/api/storage/aggregates/${uuid}?fields=name`)).content, {
    name: 'aggr0_cluster1-01',
    uuid,
  });
});
