/** Hosts behind relays, as the receiver's page has them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import type { RelayedHost, RelayRecord } from '../../src/relay/records.ts';
import { RelayedHosts } from '../../src/status-page/feeds/relayed-hosts.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const minuteMs = 60_000;
const usualMs = 5 * minuteMs;
const clock = new FakeClock();
const startMs = clock.now();

function makeRelay(name: string, agoMs: number, changes: Partial<RelayRecord> = {}): RelayRecord {
  return {
    ...{ id: `token-${name}`, name, address: '192.0.2.7', version: '1', startedAtMs: startMs },
    ...{ lastContactMs: startMs - agoMs, contactMs: 15_000, hosts: 3, waiting: 0, skewMs: 0 },
    ...{ isEnded: false, ...changes },
  };
}

const relays = [
  makeRelay('far1', 10 * minuteMs, { refusal: { atMs: startMs, message: 'revoked' } }),
  makeRelay('far2', 1000),
  makeRelay('far3', 2 * minuteMs, { isEnded: true }),
  makeRelay('far4', 8 * 86_400_000),
];

const about = (host: string, relayName: string, changes: Partial<RelayedHost> = {}) => ({
  ...{ host, relay: `token-${relayName}`, relayName, everyMs: minuteMs },
  ...changes,
});

function summaryOf(host: string, agoMs: number, origin = 'relay x: tcp tcp://x') {
  const at = new Date(startMs - agoMs);
  return { host: parseHostName(host), bytes: 1, producedAt: at, receivedAt: at, origin };
}

async function lookAt(hosts: readonly RelayedHost[]): Promise<RelayedHosts> {
  const relayed = new RelayedHosts(
    {
      relays: async () => relays,
      onDisk: async () => hosts,
      sinceStart: () => [],
    },
    clock,
  );
  await relayed.refresh();
  await new Promise((resolve) => setImmediate(resolve));
  return relayed;
}

test('hosts behind a silent relay are named so once their output is old', async () => {
  const fault = {
    ...{ code: 'TIMEOUT' as const, line: 'tcp: c: no answer', atMs: startMs - 5000 },
    ...{ toldAtMs: startMs - 4000, untilMs: startMs + minuteMs },
  };
  const relayed = await lookAt([
    about('a', 'far1'),
    about('b', 'far2'),
    about('c', 'far2', { fault }),
    about('d', 'gone', { maxAgeMs: 20 * minuteMs }),
  ]);
  const find = (host: string, agoMs: number, origin?: string) => {
    const { state, fault: line } =
      relayed.difference(summaryOf(host, agoMs, origin), usualMs) ?? {};
    return [state, line?.code, line?.line, line && line.atMs - startMs];
  };
  const silent = 'cmk-courier: relay: a: relay far1 is silent, refused: revoked (STALE)';
  assert.deepEqual(find('a', 10 * minuteMs), ['fresh', 'STALE', silent, -10 * minuteMs]);
  const well = ['fresh', undefined, undefined, undefined];
  // Young output is good whatever became of the relay; and it may have another way by now.
  assert.deepEqual(find('a', minuteMs), well);
  assert.deepEqual(find('a', 10 * minuteMs, 'upload token-9'), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(find('b', 5.5 * minuteMs), well);
  const neglected = 'cmk-courier: relay: b: relay far2 tells nothing of it any more (STALE)';
  assert.deepEqual(find('b', 10 * minuteMs), ['fresh', 'STALE', neglected, -10 * minuteMs]);
  const told = 'cmk-courier: relay: c: relay far2: tcp: c: no answer (TIMEOUT)';
  assert.deepEqual(find('c', minuteMs), ['silent', 'TIMEOUT', told, -5000]);
  assert.deepEqual(find('c', 1000), well);
  assert.deepEqual(find('d', 10 * minuteMs), well);
  const gone = 'cmk-courier: relay: d: relay gone is not known any more (STALE)';
  assert.deepEqual(find('d', 21 * minuteMs), ['fresh', 'STALE', gone, -21 * minuteMs]);
  assert.equal(relayed.difference(summaryOf('other', 0), usualMs), undefined);
  assert.equal(relayed.difference(summaryOf('d', 0), usualMs)?.silentAfterMs, 20 * minuteMs);

  const without = relayed.withoutOutput(['b', 'c', 'd'].map((host) => summaryOf(host, 0)));
  assert.deepEqual(
    without.map(({ host, state, source, fault: line }) => [host, state, source, line?.line]),
    [
      [
        ...['a', 'silent', 'push relay far1'],
        'cmk-courier: relay: a: relay far1 is silent, refused: revoked (NO_OUTPUT)',
      ],
    ],
  );
});

test('relays that are not heard of are told ahead of all views, for a week', async () => {
  const relayed = await lookAt([about('a', 'far1', { others: ['far9'] }), about('b', 'gone')]);
  assert.deepEqual(relayed.notices(), [
    {
      text: 'relay far1 is silent, refused: revoked: it brings nothing new of its 3 hosts',
      sinceMs: startMs - 10 * minuteMs,
    },
    {
      text: 'relay far3 was stopped: it brings nothing new of its 3 hosts',
      sinceMs: startMs - 2 * minuteMs,
    },
  ]);
  assert.deepEqual(relayed.facts(parseHostName('a'), undefined), [
    { label: 'Relay', value: 'far1' },
    { label: 'State', value: 'is silent, refused: revoked', level: 'bad' },
    { label: 'Last contact', value: '', atMs: startMs - 10 * minuteMs },
    { label: 'Also brought by', value: 'far9' },
  ]);
  assert.deepEqual(relayed.facts(parseHostName('b'), summaryOf('b', 1000)), [
    { label: 'Relay', value: 'gone' },
    { label: 'State', value: 'is not known any more', level: 'bad' },
  ]);
  assert.deepEqual(relayed.facts(parseHostName('c'), undefined), []);
  const moved = summaryOf('a', 1000, 'upload token-9');
  assert.deepEqual(relayed.facts(parseHostName('a'), moved), [], 'it has another way by now');
});

test('a host is listed again when it becomes otherwise, and not while it stays', async () => {
  const relayed = await lookAt([about('a', 'far1')]);
  const young = relayed.difference(summaryOf('a', minuteMs), usualMs);
  const old = relayed.difference(summaryOf('a', 10 * minuteMs), usualMs);
  assert.ok(young !== undefined && old !== undefined);
  const host = { host: 'a' };
  assert.equal(relayed.changedMs(host, young), 0);
  clock.advance(1000);
  assert.equal(relayed.changedMs(host, old), startMs + 1000);
  clock.advance(1000);
  assert.equal(relayed.changedMs(host, old), startMs + 1000);
  assert.equal(relayed.changedMs(host, young), startMs + 2000);
});
