import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedHost } from '../../src/collector/host-list.ts';
import { Roster } from '../../src/collector/roster.ts';
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
      return [host, { host, address: undefined, tags: [], isAsked: false, ...changes }] as const;
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

test('what is known of a host outlives a reload', () => {
  const roster = new Roster();
  const host = parseHostName('web1');
  roster.update(makeRoutes(makeRoute()), toHosts(['web1']), 0);
  const entry = roster.get(host);
  assert.ok(entry);
  entry.history = { failures: 3, silences: 3 };
  entry.dueMs = 300_000;
  const shorter = makeRoute(['*'], 'https://other/{host}', { everyMs: 10_000 });
  assert.deepEqual(roster.update(makeRoutes(shorter), toHosts(['web1']), 1000), []);
  assert.equal(roster.get(host), entry);
  assert.equal(entry.history.failures, 3);
  assert.equal(entry.route, shorter);
  assert.equal(entry.dueMs, 11_000);
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
  roster.update(makeRoutes(makeRoute()), toHosts(...many, ['late']), 9000);
  assert.equal(roster.get(parseHostName('late'))?.dueMs, 9000);
});
