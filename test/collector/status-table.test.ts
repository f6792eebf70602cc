import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostStatus } from '../../src/collector/status-shape.ts';
import { sortWorstFirst, toTable } from '../../src/collector/status-table.ts';
import { makeHost, makeStatus } from './statuses.ts';

const nowMs = Date.UTC(2026, 0, 1);

function makeFar(host: string, changes: Partial<HostStatus> = {}): HostStatus {
  return makeHost(host, { source: `https https://depot.example/agent/${host}`, ...changes });
}

const unreachable = {
  code: 'UNREACHABLE',
  line: 'cmk-courier: tcp: connection refused (UNREACHABLE)',
  at: new Date(nowMs - 3_599_000).toISOString(),
};

const dead = makeFar('a-host-with-a-long-name.and-a-domain.example', {
  served: 'fault',
  failures: 40,
  backoff: 'retrying',
  lastFault: unreachable,
  nextDueMs: 0,
});

/** The lines below the summary. */
function tableOf(hosts: readonly HostStatus[], width: number): readonly string[] {
  return toTable(makeStatus(hosts), hosts, nowMs, width).trimEnd().split('\n').slice(1);
}

test('on 80 columns a long name gives way to what is wrong with the host', () => {
  const hosts = [dead, makeFar('web01')];
  assert.deepEqual(toTable(makeStatus(hosts), hosts, nowMs, 80).split('\n'), [
    '2 hosts, 1 ok, 0 grace, 1 fault, 0 nothing, 0 being asked; routes: /r.yaml',
    'HOST                  STATE  AGE  LAST FAULT              NEXT  BACKOFF   SOURCE',
    'a-host-with-a-long-…  fault  12s  UNREACHABLE 59m59s ago  now   retrying  https…',
    'web01                 ok     12s  -                       30s   -         https…',
    '',
  ]);
});

test('on 200 columns all of it fits', () => {
  assert.deepEqual(tableOf([dead, makeFar('web01')], 200), [
    `HOST${' '.repeat(40)}  STATE  AGE  LAST FAULT              NEXT  BACKOFF   SOURCE`,
    `${dead.host}  fault  12s  UNREACHABLE 59m59s ago  now   retrying  ${dead.source}`,
    `web01${' '.repeat(39)}  ok     12s  -                       30s   -         https https://depot.example/agent/web01`,
  ]);
});

test('no line is wider than any terminal', () => {
  const hosts = [dead, makeFar('web01'), makeFar('ein-😀', { source: '😀'.repeat(300) })];
  const status = makeStatus(hosts, { reloadFault: `${'word '.repeat(40)}${'x'.repeat(150)}` });
  for (let width = 20; width <= 210; width += 1) {
    for (const line of toTable(status, hosts, nowMs, width).split('\n')) {
      assert.ok(Array.from(line).length <= width, `${width}: ${line}`);
    }
  }
});

test('why the newest routes are not in force is said to its end, on several lines', () => {
  const reloadFault =
    '/omd/sites/mysite/etc/cmk-courier/routes.yaml:12: unknown key "evry"; did you mean "every"?';
  assert.deepEqual(toTable(makeStatus([], { reloadFault }), [], nowMs, 60).split('\n'), [
    '0 hosts, 0 ok, 0 grace, 0 fault, 0 nothing, 0 being asked;',
    'routes: /r.yaml',
    'not in force:',
    '/omd/sites/mysite/etc/cmk-courier/routes.yaml:12: unknown',
    'key "evry"; did you mean "every"?',
    '',
  ]);
});

test('control characters of any text reach no terminal', () => {
  const evil = '\u001b[2J\u0007\r\n\u009b31m\u202ex';
  const host = makeFar(`a${evil}`, {
    served: 'fault',
    source: evil,
    lastFault: { ...unreachable, code: evil },
  });
  const status = makeStatus([host], { reloadFault: evil, routesPath: evil });
  const table = toTable(status, [host], nowMs, 200);
  assert.equal(table.split('\n').length, 5);
  assert.doesNotMatch(table.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
});

test('hosts that are equally bad stand by name', () => {
  const hosts = ['c', 'a', 'b'].map((name) => makeFar(name));
  assert.deepEqual(
    sortWorstFirst(hosts).map(({ host }) => host),
    ['a', 'b', 'c'],
  );
});

test('as many hosts as an answer may hold have a table', () => {
  const hosts = Array.from({ length: 200_000 }, (_, index) => makeFar(`h${index}`));
  assert.equal(tableOf(hosts, 200).length, 200_001);
});

test('a host that lacks sections of a source beside the chain stands between grace and ok', () => {
  const fault = { code: 'TIMEOUT', message: 'no output within 20s' };
  const source = 'agent agent:vsphere';
  const less = makeHost('less', { with: [{ source, sections: 0, left: [], fault }] });
  const well = makeHost('well', { with: [{ source, sections: 3, left: ['df'] }] });
  const hosts = sortWorstFirst([well, less, makeHost('old', { served: 'grace' })]);
  assert.deepEqual(
    toTable(makeStatus(hosts), hosts, nowMs, 200)
      .split('\n')
      .map((line) => line.replace(/ {2,}.*?(with: \w+|-) .*/, ' $1')),
    [
      '3 hosts, 1 ok, 1 less, 1 grace, 0 fault, 0 nothing, 0 being asked; routes: /r.yaml',
      'HOST  STATE  AGE  LAST FAULT     NEXT  BACKOFF  SOURCE',
      'old -',
      'less with: TIMEOUT',
      'well -',
      '',
    ],
  );
});

test('a pool has a line, and what is wrong with it one each', () => {
  const pool = {
    ...{ member: 'a', state: 'asking' as const, ours: 300, unserved: 0, double: false },
    members: ['a', 'b'].map((member) => ({
      ...{ member, state: 'asking' as const, networks: [], sinceHeardMs: 0 },
    })),
  };
  const linesOf = (changes: object) => {
    const status = makeStatus([], { pool: { ...pool, ...changes } });
    return toTable(status, [], nowMs, 400).split('\n').slice(1, -1);
  };
  assert.deepEqual(linesOf({}), ['pool: a is asking, 1 other member (b), 300 hosts ours']);
  const fault = { code: 'UNREACHABLE', message: 'the pool at broker1: connection refused' };
  const difference =
    'routes differ between members of the pool: a: 2 hosts, version 00000000; b: 1 host, version 00000001';
  assert.deepEqual(linesOf({ state: 'apart', unserved: 2, double: true, fault, difference }), [
    'pool: a is apart, 1 other member (b), 300 hosts ours, 2 in networks that no member reaches; the pool at broker1: connection refused (UNREACHABLE)',
    difference,
    'another collector of the pool is called a, too',
  ]);
});

test('what goes into a broker and what comes from one has a line each', () => {
  const broker = {
    ...{ away: { code: 'TIMEOUT', message: 'no answer' }, waiting: 2, lagMs: 61_000 },
    ...{ stored: 9, older: 1, conflicts: 2, again: 3, lost: 5, forwarded: 4, reconnects: 1 },
  };
  const source = 'nats://broker1/mysite/{host}';
  const subscriptions = [
    { source, state: 'following' as const, hosts: 3, arrived: 7, foreign: 0, gaps: 1, losses: 1 },
    {
      ...{ source, state: 'away' as const, since: new Date(nowMs - 300_000).toISOString() },
      ...{ hosts: 3, arrived: 7, foreign: 0, gaps: 1, losses: 2 },
      fault: { code: 'UNREACHABLE', message: 'connection refused' },
    },
  ];
  const [, ...lines] = toTable(makeStatus([], { broker, subscriptions }), [], nowMs, 400).split(
    '\n',
  );
  assert.deepEqual(lines, [
    'broker: 2 hosts waiting for 1m1s, 9 stored, 4 of them had waited, 1 dropped for newer ones, 2 conflicts, 3 tried again, 5 acknowledged and lost by it, 1 reconnect; away: no answer (TIMEOUT)',
    'nats://broker1/mysite/{host} following, 3 hosts, 7 arrived, 0 of hosts in no route, 1 gap, lost 1 time',
    'nats://broker1/mysite/{host} away for 5m, 3 hosts asked one by one meanwhile, 7 arrived, 0 of hosts in no route, 1 gap, lost 2 times: connection refused (UNREACHABLE)',
    '',
  ]);
});

test('what has become of the file with the options is told: what has changed, or why it would be refused', () => {
  const configuration = { path: '/c.yaml', isNamed: false, options: {}, overridden: [] };
  const linesOf = (changes: object) => {
    const status = makeStatus([], { configuration: { ...configuration, ...changes } });
    return toTable(status, [], nowMs, 120).split('\n').slice(1, -1);
  };
  assert.deepEqual(linesOf({}).join(), linesOf({ changed: [] }).join());
  assert.deepEqual(
    linesOf({ changed: ['pool', 'ready'] })[0],
    '/c.yaml has changed, and counts from the next start: pool, ready',
  );
  const fault = { code: 'CONFIG', message: '/c.yaml:2: unknown key "redy"; is ready meant?' };
  assert.deepEqual(
    linesOf({ changed: [], fault })[0],
    'the next start would fail: /c.yaml:2: unknown key "redy"; is ready meant?',
  );
});
