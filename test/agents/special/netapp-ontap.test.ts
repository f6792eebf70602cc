/** The recipe for NetApp ONTAP, against a strict stand-in for its REST API. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Authority } from '../../helpers/certificates.ts';
import { buildEstate } from '../../peers/ontap/estate.ts';
import { type Change, rewrite } from '../../peers/ontap/rewrite.ts';
import { FakeOntap, type OntapSettings } from '../../peers/ontap/server.ts';
import { findForgery, malice, spoil } from './malice.ts';
import { models } from './netapp-ontap/models.ts';
import { runSpecial, type SpecialRun, withoutTimes } from './run-special.ts';

const tls = new Authority().issueServer({ name: 'cluster1', names: ['127.0.0.1'] });

interface Run extends SpecialRun {
  readonly server: FakeOntap;
}

/** Runs the agent against a system. */
async function run(
  settings: Partial<OntapSettings> = {},
  options: Readonly<Record<string, readonly string[]>> = {},
  password = 'secret',
): Promise<Run> {
  const server = await new FakeOntap({ records: buildEstate(), tls, ...settings }).start();
  try {
    const special = await runSpecial('netapp_ontap', {
      options: {
        hostname: ['127.0.0.1'],
        port: [String(server.port)],
        username: ['monitor'],
        noCertCheck: ['true'],
        ...options,
      },
      secret: { option: 'passwordFile', value: password },
    });
    return { ...special, server };
  } finally {
    await server.stop();
  }
}

const prefix = 'netapp_ontap_';

/** Sections of the product, without what the agent says of itself. */
function ownSections({ sections }: SpecialRun): readonly (readonly [string, readonly string[]])[] {
  return [...sections]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, rows]) => [name.slice(prefix.length), rows]);
}

/** Every line that its plug-in would not take, and why. */
function findUnfit(special: SpecialRun): readonly string[] {
  return ownSections(special).flatMap(([name, rows]) =>
    rows.flatMap((row) => {
      const result = models.get(name)?.safeParse(JSON.parse(row));
      if (result?.success) return [];
      return [`${name}: ${row}: ${result?.error.issues.map(({ message }) => message)}`];
    }),
  );
}

const countRows = (special: SpecialRun) =>
  Object.fromEntries(ownSections(special).map(([name, rows]) => [name, rows.length]));

test('a system gives the expected output, and every line is one its plug-in takes', async () => {
  const special = await run();
  assert.equal(special.failure, undefined);
  const expected = new URL('../../fixtures/special/netapp_ontap/expected.txt', import.meta.url);
  const output = withoutTimes(special.output);
  if (process.env['RENEW'] !== undefined) writeFileSync(expected, output);
  assert.equal(output, readFileSync(expected, 'utf8'));
  assert.deepEqual(findUnfit(special), []);
  assert.deepEqual(
    ownSections(special).map(([name]) => name),
    [...models.keys()],
  );
});

test('each release is asked only for what it has', async () => {
  const rows = { volumes: 12, node: 2, psu: 2, agent_info: 0 };
  const counters = { volumes_counters: 11, if_counters: 4, vs_traffic: 16, environment: 6 };
  const expected: Readonly<Record<string, object>> = {
    '9.8': { ...rows, fan: 0, temp: 0, environment: undefined, disk: 0, agent_info: 2 },
    '9.9': { ...rows, fan: 2, temp: 0, environment: undefined },
    '9.10': { ...rows, fan: 2, temp: 3, environment: undefined },
    '9.11': { ...rows, ...counters, fan: 2, temp: 3 },
    '9.13': { ...rows, ...counters, fan: 2, temp: 3 },
    '9.15': { ...rows, ...counters, fan: 2, temp: 3 },
  };
  for (const [version, wanted] of Object.entries(expected)) {
    const special = await run({ version, records: buildEstate({ versions: [version] }) });
    const found = countRows(special);
    const named = Object.fromEntries(Object.keys(wanted).map((name) => [name, found[name]]));
    assert.deepEqual(named, wanted, version);
    const unfit = findUnfit(special).filter(
      (line) => !line.startsWith('disk') || version !== '9.8',
    );
    assert.deepEqual(unfit, [], version);
  }
});

test('of a cluster with several releases the oldest decides', async () => {
  const records = buildEstate({ versions: ['9.13', '9.12'] });
  const special = await run({ version: '9.12', records });
  assert.deepEqual(special.sections.get('netapp_ontap_agent_info'), []);
  assert.deepEqual(special.sections.get('netapp_ontap_fan'), [
    '{"list_id":"0","id":1,"state":"ok"}',
    '{"list_id":"0","id":2,"state":"error"}',
  ]);
});

test('pages are put together, also when some come without records', async () => {
  const whole = await run();
  const paths = ['/storage/volumes', '/storage/disks', '/cluster/counter/tables/volume/rows'];
  const interfere = new Map(paths.map((path) => [path, 'empty page'] as const));
  const paged = await run({ pageSize: 3, interfere });
  assert.deepEqual(ownSections(paged), ownSections(whole));
  assert.ok(paged.server.asked.length > whole.server.asked.length + 10);
});

test('thousands of volumes cost no more questions than their pages', async () => {
  const records = buildEstate({ volumes: 3000, disks: 500 });
  const special = await run({ records, pageSize: 1000 });
  const { volumes, volumes_counters: counters, disk } = countRows(special);
  assert.deepEqual({ volumes, counters, disk }, { volumes: 3000, counters: 2999, disk: 500 });
  assert.ok(special.server.asked.length < 45, `${special.server.asked.length} questions`);
});

test('only what is wanted is asked for', async () => {
  const special = await run({}, { fetchedResources: ['disk,vs_status'] });
  assert.deepEqual(Object.keys(countRows(special)), ['disk', 'vs_status', 'agent_info']);
  assert.deepEqual(special.server.asked.map((url) => url.replace(/\?.*/, '')).sort(), [
    '/api/cluster',
    '/api/storage/disks',
    '/api/svm/svms',
  ]);
});

test('a system that shows no nodes is read all the same', async () => {
  const special = await run({ records: buildEstate({ hidesNodes: true }) });
  const { node, volumes, fan, agent_info: faults } = countRows(special);
  assert.deepEqual({ node, volumes, fan, faults }, { node: 0, volumes: 12, fan: 2, faults: 0 });
});

test('a system without the path for all aggregates gives those it shows', async () => {
  const body = '{"error":{"message":"invalid field","code":"262197"}}';
  const headers = { 'content-type': 'application/hal+json' };
  const interfere = new Map([['/private/cli/aggr', { status: 400, body, headers }]]);
  const special = await run({ interfere });
  assert.deepEqual([countRows(special)['aggr'], countRows(special)['agent_info']], [2, 0]);
});

test('a root aggregate that cannot be asked is left out', async () => {
  const path = '/storage/aggregates/00000005-0000-4000-8000-000000000001';
  const special = await run({ interfere: new Map([[path, { status: 500 }]]) });
  assert.deepEqual([countRows(special)['aggr'], countRows(special)['agent_info']], [3, 0]);
});

const json = { 'content-type': 'application/hal+json' };

/** What the section for it tells of what did not come. */
const toldFaults = ({ sections }: SpecialRun) =>
  sections.get('netapp_ontap_agent_info')?.map((row) => JSON.parse(row));

test('a path that fails costs its own sections, and each is told', async () => {
  const body = '{"error":{"message":"busy","code":"1"}}';
  const whole = await run();
  const special = await run({
    interfere: new Map([
      ['/storage/disks', { status: 503, body, headers: json }],
      ['/storage/shelves', { status: 200, body: '<html><title>down</title>', headers: {} }],
      ['/cluster/counter/tables/svm_cifs/rows', { status: 404, body, headers: json }],
      ['/svm/svms', { status: 403, body, headers: json }],
    ]),
  });
  const url = special.server.url;
  assert.deepEqual(
    toldFaults(special)?.map(({ section, info }) => [section, info.replace(url, '')]),
    [
      ['disk', '/api/storage/disks?…: the peer answered 503 "Service Unavailable", saying "busy"'],
      ['vs_status', '/api/svm/svms?…: the peer answered 403 "Forbidden", saying "busy"'],
      ['fan', '/api/storage/shelves?…: the answer is a web page titled "down"'],
      ['temp', '/api/storage/shelves?…: the answer is a web page titled "down"'],
      [
        'vs_traffic',
        '/api/cluster/counter/tables/svm_cifs/rows?…: the peer answered 404 "Not Found", saying "busy"',
      ],
      ['psu', '/api/storage/shelves?…: the answer is a web page titled "down"'],
    ],
  );
  const lost = ['disk', 'vs_status', 'fan', 'temp', 'psu'];
  const { vs_traffic: traffic = 0, ...others } = countRows(whole);
  const expected = Object.entries(others).filter(([name]) => !lost.includes(name));
  assert.deepEqual(countRows(special), {
    ...Object.fromEntries(expected),
    vs_traffic: traffic - 2,
    agent_info: 6,
  });
});

test('a user who is not let in is REFUSED with nothing printed', async () => {
  const { output, failure = '', server } = await run({ password: 'another' });
  assert.equal(output, '');
  assert.equal(
    failure.replace(server.url, ''),
    'cmk-courier: netapp_ontap: step cluster: /api/cluster?…: the peer answered 401 "Unauthorized", saying "User is not authorized." (REFUSED)',
  );
  assert.equal(server.asked.length, 1);
});

test('a login that ends in the middle is REFUSED as well', async () => {
  const body = '{"error":{"message":"expired","code":"6691623"}}';
  const interfere = new Map([['/storage/disks', { status: 401, body, headers: json }]]);
  const { output, failure = '' } = await run({ interfere });
  assert.equal(output, '');
  assert.match(failure, /step disks: .*401 "Unauthorized", saying "expired" \(REFUSED\)$/);
});

/** Of these the agent itself makes use, to find other things by them. */
const isUsed = (path: string) => /^(uuid|id|version\..*|location\.failover)$/.test(path);

test('no value of the system writes a section or speaks for another host', async () => {
  const texts: Change = (value) => spoil(value);
  const everything: Change = (value, path) => (isUsed(path) ? value : malice);
  for (const change of [texts, everything]) {
    const records = new Map([
      ...rewrite(buildEstate(), change),
      ...[...buildEstate()].filter(([path]) => path === '/cluster'),
    ]);
    const special = await run({ records });
    assert.deepEqual(findForgery(special.output), []);
    assert.ok(ownSections(special).length >= 20, Object.keys(countRows(special)).join());
  }
});

test('the password is told nowhere, whatever the system answers', async () => {
  const password = randomBytes(12).toString('hex');
  const basic = Buffer.from(`monitor:${password}`).toString('base64');
  const body = JSON.stringify({ error: { message: `not for ${password} or ${basic}` } });
  const interfere = new Map([['/storage/luns', { status: 500, body, headers: json }]]);
  const { output, failure, log } = await run({ password, interfere }, {}, password);
  const all = [output, failure, ...log].join('\n');
  assert.match(all, /luns.*not for/);
  assert.doesNotMatch(all, new RegExp(`${password}|${basic.slice(0, 24)}`));
});
