/** The recipe for Elasticsearch, against a strict stand-in for its API. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Authority } from '../../helpers/certificates.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { FakeElasticsearch, health, indices, nodes } from '../../peers/elasticsearch.ts';
import { findForgery, spoil } from './malice.ts';
import { runSpecial, type SpecialRun } from './run-special.ts';

const tls = new Authority().issueServer({ name: 'es1', names: ['127.0.0.1'] });
const all = { clusterHealth: ['true'], nodes: ['true'], stat: ['logs-*', 'filebeat*'] };

async function run(
  prepare: (server: FakeElasticsearch) => void = () => undefined,
  options: Readonly<Record<string, readonly string[]>> = all,
): Promise<SpecialRun & { readonly server: FakeElasticsearch }> {
  const server = await new FakeElasticsearch(tls).start();
  prepare(server);
  const login = server.login === undefined ? {} : { user: [server.login.user] };
  try {
    const special = await runSpecial('elasticsearch', {
      options: {
        hosts: ['127.0.0.1'],
        port: [String(server.port)],
        noCertCheck: ['true'],
        ...login,
        ...options,
      },
      ...(server.login && { secret: { option: 'secretFile', value: server.login.password } }),
    });
    return { ...special, server };
  } finally {
    await server.stop();
  }
}

const ownSections = ({ sections }: SpecialRun) =>
  [...sections].filter(([name]) => name.startsWith('elasticsearch_'));

const healthRows = Object.entries(health).map(
  ([key, value]) => `${key} ${value === false ? 'False' : String(value).replaceAll(' ', '_')}`,
);

const expected = [
  ['elasticsearch_cluster_health', healthRows],
  [
    'elasticsearch_nodes',
    [
      'node-1 open_file_descriptors 434',
      'node-1 max_file_descriptors 4096',
      'node-1 cpu_percent 7',
      'node-1 cpu_total_in_millis 154050',
      'node-1 mem_total_virtual_in_bytes 5360013312',
      'node_2 open_file_descriptors 435',
      'node_2 max_file_descriptors 4096',
      'node_2 cpu_percent 8',
      'node_2 cpu_total_in_millis 154050',
      'node_2 mem_total_virtual_in_bytes 5360013312',
    ],
  ],
  ['elasticsearch_indices', [JSON.stringify(indices.indices)]],
];

test('health, nodes and indices come as their plug-ins read them', async () => {
  const { server, ...special } = await run();
  assert.equal(special.failure, undefined);
  assert.deepEqual(ownSections(special), expected);
  assert.deepEqual(server.asked.toSorted(), [
    'GET /',
    'GET /_cluster/health',
    'GET /_nodes/_all/stats',
    'GET /logs-*%2Cfilebeat*/_stats/store,docs?ignore_unavailable=true',
  ]);
});

/** Nodes at addresses of loopback and one port; of the first there is nothing but the address. */
async function withNodes(
  use: (nodes: { busy: FakeElasticsearch; good: FakeElasticsearch; port: number }) => Promise<void>,
): Promise<void> {
  const port = await findFreePort('127.0.0.4');
  const good = await new FakeElasticsearch(tls).start('127.0.0.4', port);
  const busy = await new FakeElasticsearch(tls).start('127.0.0.3', port);
  busy.interfere.set('/', { status: 503, text: '' });
  try {
    await use({ busy, good, port });
  } finally {
    await Promise.all([busy.stop(), good.stop()]);
  }
}

const ask = (hosts: readonly string[], port: number, more = {}) =>
  runSpecial('elasticsearch', {
    options: {
      hosts,
      port: [String(port)],
      noCertCheck: ['true'],
      clusterHealth: ['true'],
      ...more,
    },
  });

test('the first node that answers is asked for all of it, and only that one', async () => {
  await withNodes(async ({ busy, good, port }) => {
    const special = await ask(['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'], port);
    assert.deepEqual(ownSections(special), expected.slice(0, 1));
    assert.deepEqual([busy.asked, good.asked], [['GET /'], ['GET /', 'GET /_cluster/health']]);
    assert.equal(special.sections.get('cmk_courier_agent')?.length, 1);
  });
});

test('when no node answers, each is named', async () => {
  await withNodes(async ({ port }) => {
    const { output, failure = '' } = await ask(['127.0.0.2', '127.0.0.3'], port);
    assert.equal(output, '');
    assert.equal(
      failure.replaceAll(String(port), 'PORT'),
      'cmk-courier: elasticsearch: none of 2 hosts answered: 127.0.0.2: connecting to 127.0.0.2:PORT: connection refused; 127.0.0.3: https://127.0.0.3:PORT/: the peer answered 503 "Service Unavailable" (PEER)',
    );
  });
});

test('a login that is not accepted is REFUSED, and no other node is asked', async () => {
  await withNodes(async ({ busy, good, port }) => {
    good.login = { user: 'monitor', password: 'secret' };
    const { output, failure = '' } = await ask(['127.0.0.4', '127.0.0.3'], port);
    assert.equal(output, '');
    assert.match(
      failure,
      /^cmk-courier: elasticsearch: .*401.*unable to authenticate.* \(REFUSED\)$/,
    );
    assert.deepEqual(busy.asked, []);
  });
});

test('with user and password it is let in; neither is told anywhere', async () => {
  const password = randomBytes(12).toString('hex');
  const special = await run((server) => {
    server.login = { user: 'monitor', password };
    server.interfere.set('/_nodes/_all/stats', { status: 500, text: `${password} broke` });
  });
  assert.deepEqual(ownSections(special), [expected[0], expected[2]]);
  assert.doesNotMatch([special.output, ...special.log].join('\n'), new RegExp(password));
});

test('a part that fails costs its own section', async () => {
  const special = await run(({ interfere }) => {
    interfere.set('/_cluster/health', { status: 200, text: '<html>proxy</html>' });
  });
  assert.deepEqual(ownSections(special), expected.slice(1));
  const [, told = ''] = special.sections.get('cmk_courier_agent') ?? [];
  assert.match(told, /"step":"health","code":"MALFORMED"/);
});

test('no value of the cluster writes a section or speaks for another host', async () => {
  const special = await run((server) => {
    Object.assign(server, {
      health: spoil(health),
      nodes: spoil(nodes),
      indices: { indices: spoil(indices.indices) },
    });
  });
  assert.deepEqual(findForgery(special.output), []);
  for (const row of special.sections.get('elasticsearch_nodes') ?? []) {
    assert.equal(row.split(' ').length, 3, row);
  }
});
