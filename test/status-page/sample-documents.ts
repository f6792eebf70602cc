/** Documents as the server makes them, for tests of what shows them. */

import {
  type FleetDocument,
  type FleetQuery,
  type HostDocument,
  type HostRow,
  type HostState,
  hostStates,
  type OperationsDocument,
  type Part,
  type Series,
  type Totals,
  type Unit,
} from '../../src/status-page/model.ts';

/** A fixed moment, so that pages of samples are always the same. */
export const sampleNowMs = Date.UTC(2026, 10, 28, 12, 0, 0);
const minuteMs = 60_000;

const plainQuery: FleetQuery = {
  ...{ states: [], search: '', sort: 'state', isDescending: false, page: 1 },
};

const sampleParts: readonly Part[] = [
  {
    ...{ name: 'collector', state: 'well', version: '1.0.0', pid: 4711, troubles: [] },
    ...{ startedAtMs: sampleNowMs - 300 * minuteMs, heardAtMs: sampleNowMs },
  },
  {
    ...{ name: 'receiver', state: 'ailing', version: '1.0.0', pid: 4712 },
    ...{ startedAtMs: sampleNowMs - 900 * minuteMs, heardAtMs: sampleNowMs - 42_000 },
    troubles: ['no answer within 2s at /omd/sites/mysite/tmp/cmk-courier/receiver.sock'],
  },
  { name: 'updates', state: 'absent', troubles: [] },
];

const faults = {
  faulty: ['REFUSED', 'ssh', 'ssh: connecting as root: permission denied (publickey)'],
  silent: ['UNREACHABLE', 'tcp', 'connecting to 10.0.0.7:6556: connection refused'],
  never: ['NO_OUTPUT', 'http', 'https://depot/{host}: 404 Not Found'],
  grace: ['TIMEOUT', 'tcp', 'no answer within 10s'],
} as const;

const folders = ['/', '/linux', '/linux/web', '/windows'] as const;

/** @param index decides on route, folder, age and size */
function makeRow(host: string, state: HostState, index = 0): HostRow {
  const everyMs = minuteMs;
  const ageMs = state === 'fresh' ? (index * 977) % everyMs : (index + 2) * 7 * minuteMs;
  const [code, scheme, said] = state === 'fresh' ? [undefined, 'https', ''] : faults[state];
  return {
    ...{ host, state, route: ['linux', 'windows', 'depot'][index % 3] ?? 'linux' },
    ...{ source: `${scheme}://${host}.example.net`, folder: folders[index % 4], everyMs },
    producedAtMs: state === 'never' ? undefined : sampleNowMs - ageMs,
    bytes: state === 'never' ? undefined : 18_000 + ((index * 7919) % 90_000),
    durationMs: 40 + ((index * 131) % 3000),
    failures: state === 'fresh' ? 0 : index + 1,
    fault: code && {
      ...{ code, atMs: sampleNowMs - 20_000 },
      line: `cmk-courier: ${scheme}: ${host}: ${said} (${code})`,
    },
    parts: index % 5 === 0 ? ['collector', 'receiver'] : ['collector'],
  };
}

function toTotals(count: (state: HostState) => number): Totals {
  return {
    ...{ faulty: count('faulty'), silent: count('silent'), never: count('never') },
    ...{ grace: count('grace'), fresh: count('fresh') },
  };
}

/**
 * A page of a fleet.
 *
 * @param hosts of all; a tenth of those on the page is of each bad state
 */
export function makeFleet(hosts = 250, query: Partial<FleetQuery> = {}): FleetDocument {
  const asked = { ...plainQuery, ...query };
  const states: readonly HostState[] = asked.states.length > 0 ? asked.states : hostStates;
  const shown = Math.min(100, hosts);
  const rows = Array.from({ length: shown }, (_, index) => {
    const state = states[Math.min(Math.floor(index / 10), states.length - 1)] ?? 'fresh';
    return makeRow(`host${String(index).padStart(6, '0')}`, state, index);
  });
  const bad = Math.ceil(hosts / 25);
  const totals = toTotals((state) => (state === 'fresh' ? hosts - 4 * bad : bad));
  const matching = states.reduce((sum, state) => sum + totals[state], 0);
  const groups = ['linux', 'windows', 'depot', ''].map((name) => ({ name, count: bad, totals }));
  return {
    ...{ view: 'fleet', nowMs: sampleNowMs, query: asked, hostCount: hosts, totals },
    ...{ matchingTotals: totals, matching, pages: Math.ceil(matching / 100), perPage: 100 },
    ...{ groups: asked.group === undefined ? [] : groups, groupLimit: 200 },
    groupCount: asked.group === undefined ? 0 : groups.length,
    ...{ rows, parts: sampleParts },
  };
}

/** A day in steps of five minutes, with a hole. */
function makeSeries(name: string, label: string, unit: Unit, scale = 1): Series {
  const stepMs = 5 * minuteMs;
  const values = Array.from({ length: 288 }, (_, index) =>
    index > 100 && index < 110 ? null : scale * (1 + Math.sin(index / 20) ** 2),
  );
  return { name, label, unit, startMs: sampleNowMs - 288 * stepMs, stepMs, values };
}

export function makeHost(host = 'web01', state: HostState = 'grace'): HostDocument {
  const row = makeRow(host, state, 4);
  return {
    ...{ view: 'host', nowMs: sampleNowMs, host, row, isRunning: false, address: '10.0.0.7' },
    ...{ served: 'grace', backoff: 'waiting', nextDueAtMs: sampleNowMs + 90_000 },
    sources: [
      {
        ...{ role: 'chain', source: `tcp://${host}:6556`, scheme: 'tcp', outcome: 'fault' },
        ...{ atMs: sampleNowMs - 20_000, durationMs: 10_004, code: 'TIMEOUT' },
        line: `cmk-courier: tcp: ${host}: no answer within 10s (TIMEOUT)`,
      },
      { role: 'chain', source: `https://depot/${host}`, scheme: 'https', outcome: 'untried' },
      {
        ...{ role: 'with', source: 'file:/srv/inventory/{host}', scheme: 'file', outcome: 'good' },
        ...{ atMs: sampleNowMs - 80_000, durationMs: 3, bytes: 412 },
      },
    ],
    series: [
      makeSeries('age', 'Age of the output', 'seconds', 60),
      makeSeries('duration', 'Duration of a cycle', 'seconds'),
    ],
    sections: [
      { name: 'check_mk', bytes: 312 },
      { name: 'df_v2', bytes: 2048 },
      {
        ...{ name: 'mk_oracle', bytes: 40_960 },
        ...{ cachedAtMs: sampleNowMs - 200_000, cachedForMs: 600_000 },
      },
    ],
    sectionCount: 3,
    piggybacked: [{ host: 'db01-vm', sections: 4, bytes: 5120 }],
    piggybackedCount: 1,
    remarks: ['2 lines before the first section were left out'],
    seal: [{ label: 'Key', value: 'web hosts 2026', level: 'ok' }],
    relayed: [
      { label: 'Relay', value: 'far1' },
      { label: 'State', value: 'is heard of', level: 'ok' },
      { label: 'Last contact', value: '', atMs: sampleNowMs - 9000 },
    ],
    registration: [
      { label: 'UUID', value: 'b1f0c8a2-6a3e-4a0f-9a53-0b7d8f5c3a11' },
      { label: 'Certificate', value: 'expires', atMs: sampleNowMs + 20 * 86_400_000 },
    ],
    update: [{ label: 'Agent', value: '2.4.0p3, as it should', level: 'ok' }],
    refusal: {
      ...{ code: 'REFUSED', atMs: sampleNowMs - 3 * 3_600_000 },
      line: 'the certificate is of another host',
    },
    actions: { fetch: true, doctor: true },
    parts: sampleParts,
  };
}

export function makeOperations(): OperationsDocument {
  return {
    ...{ view: 'operations', nowMs: sampleNowMs, parts: sampleParts },
    panels: [
      {
        ...{ name: 'collector', title: 'Collector', part: 'collector' },
        figures: [
          {
            ...{ name: 'cycles', label: 'Cycles', unit: 'per-second', value: 41.5, level: 'ok' },
            series: makeSeries('cycles', 'Cycles', 'per-second', 40),
          },
          {
            ...{ name: 'lanes', label: 'Lanes in use', unit: 'count', value: 64, level: 'warn' },
            ...{ note: 'of 64', series: makeSeries('lanes', 'Lanes in use', 'count', 30) },
          },
        ],
        tables: [
          {
            ...{ name: 'breakers', title: 'Peers that are left alone for now', count: 1 },
            columns: [{ label: 'Peer' }, { label: 'Until', unit: 'moment' }],
            rows: [{ level: 'bad', cells: ['depot.example.net:443', sampleNowMs + 25_000] }],
            whenEmpty: 'All peers are asked.',
          },
        ],
      },
      {
        ...{ name: 'receiver', title: 'Receiver', part: 'receiver' },
        figures: [
          {
            ...{ name: 'certificate', label: 'Certificate of the site', unit: 'days', value: 12 },
            level: 'warn',
          },
        ],
        tables: [
          {
            ...{ name: 'refusals', title: 'Refusals by reason', count: 0, rows: [] },
            columns: [{ label: 'Reason' }, { label: 'Number', unit: 'count' }],
            whenEmpty: 'Nothing was refused.',
          },
        ],
      },
    ],
  };
}
