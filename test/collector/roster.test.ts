import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedHost } from '../../src/collector/host-list.ts';
import { Roster } from '../../src/collector/roster.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import type { Route, Routes } from '../../src/routes/route.ts';
import { makeRoute } from './routes.ts';

function makeRoutes(...routes: readonly Route[]): Routes {
  return {
    path: '/r.yaml',
    routes,
    collector: { concurrency: 1, perPeer: 1, hostList: undefined },
  };
}

function toHosts(...listed: readonly (readonly [string, Partial<ListedHost>?])[]) {
  return new Map(
    listed.map(([name, changes = {}]) => {
      const host = parseHostName(name);
      const usual = { address: undefined, tags: [], isAsked: false, isToRenew: false };
      return [host, { host, ...usual, ...changes }] as const;
    }),
  );
}

const names = (roster: Roster) => [...roster.entries()].map(({ target }) => target.host);

test('hosts of a route with an interval are there, others are not', () => {
  const roster = new Roster();
  const quiet = makeRoute(['quiet'], 'https://depot/{host}', { everyMs: undefined });
  roster.update(makeRoutes(quiet, makeRoute(['web*'])), toHosts(['web1'], ['quiet'], ['db1']), 0);
  assert.deepEqual(names(roster), ['web1']);
});

test('a host without the address its sources need waits until it has one', () => {
  const roster = new Roster();
  const routes = makeRoutes(makeRoute(['*'], 'tcp://{address}'));
  roster.update(routes, toHosts(['web1']), 0);
  assert.deepEqual(names(roster), []);
  roster.update(routes, toHosts(['web1', { address: '192.0.2.1' }]), 0);
  assert.deepEqual(names(roster), ['web1']);
});

/** A roster with a host that has been silent for long and is not due for a while. */
function makeSilentHost(route: Route) {
  const roster = new Roster();
  roster.update(makeRoutes(route), toHosts(['web1', { address: '192.0.2.1' }]), 0);
  const entry = roster.get(parseHostName('web1'));
  assert.ok(entry);
  const error = new CourierError('TIMEOUT', 'no answer within 5s');
  for (const nowMs of [0, 0, 0]) entry.failed({ error, line: '', atMs: 0 }, { nowMs, chance: 0.5 });
  entry.planFor(300_000);
  return { roster, entry };
}

test('what is known of a host outlives a reload, and a shorter interval takes effect at once', () => {
  const { roster, entry } = makeSilentHost(makeRoute());
  const shorter = { ...makeRoute(['*'], undefined, { everyMs: 10_000 }), line: 7 };
  const hosts = toHosts(['web1', { address: '192.0.2.1' }]);
  assert.deepEqual(roster.update(makeRoutes(shorter), hosts, 1000), []);
  assert.equal(roster.get(parseHostName('web1')), entry);
  assert.equal(entry.history.failures, 3);
  assert.equal(entry.route, shorter);
  assert.equal(entry.dueMs, 11_000);
});

test('other sources or another address are asked at once, whatever was known of the old', () => {
  const other = makeRoute(['*'], 'https://other/{host}');
  for (const [route, address] of [
    [other, '192.0.2.1'],
    [makeRoute(), '192.0.2.2'],
  ] as const) {
    const { roster, entry } = makeSilentHost(makeRoute());
    const before = entry.targets;
    roster.update(makeRoutes(route), toHosts(['web1', { address }]), 1000);
    assert.equal(entry.dueMs, 1000);
    assert.deepEqual(entry.history, { failures: 0, silences: 0 });
    assert.notEqual(entry.targets, before);
  }
});

test('who is gone is named, once', () => {
  const roster = new Roster();
  const routes = makeRoutes(makeRoute());
  roster.update(routes, toHosts(['web1'], ['web2']), 0);
  assert.deepEqual(roster.update(routes, toHosts(['web2']), 0), ['web1']);
  assert.deepEqual(roster.update(routes, toHosts(['web2']), 0), []);
  assert.deepEqual([names(roster), roster.size], [['web2'], 1]);
});

test('new hosts are not asked all at once, but each within its interval', () => {
  const roster = new Roster();
  const many = Array.from({ length: 100 }, (_, n) => [`web${n}`] as const);
  roster.update(
    makeRoutes(makeRoute(['*'], 'file:///{host}', { everyMs: 3000 })),
    toHosts(...many),
    500,
  );
  const dues = [...roster.entries()].map(({ dueMs }) => dueMs);
  assert.equal(new Set(dues).size, 100);
  assert.ok(dues.every((dueMs) => dueMs >= 500 && dueMs < 3500));
  roster.update(makeRoutes(makeRoute(['*'], 'file:///{host}')), toHosts(...many, ['late']), 9000);
  assert.equal(roster.get(parseHostName('late'))?.dueMs, 9000);
});
