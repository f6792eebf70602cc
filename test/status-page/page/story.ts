/** Documents of a fleet as one meets it, for the pictures and the tests of the page. */

import type {
  FleetDocument,
  FleetQuery,
  HostRow,
  HostState,
  Part,
  Series,
  Unit,
} from '../../../src/status-page/model.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The time of the server in all documents. */
export const storyNowMs = Date.UTC(2026, 10, 28, 12, 0, 0);

export const storyParts: readonly Part[] = [
  {
    ...{ name: 'collector', state: 'well', version: '0.1.0', pid: 4711, troubles: [] },
    ...{ startedAtMs: storyNowMs - 3 * dayMs - 4 * hourMs, heardAtMs: storyNowMs },
  },
  {
    ...{ name: 'receiver', state: 'well', version: '0.1.0', pid: 4712, troubles: [] },
    ...{ startedAtMs: storyNowMs - 9 * dayMs, heardAtMs: storyNowMs },
  },
];

type Story = readonly [host: string, state: HostState, ageMs: number, code: string, said: string];

const stories: readonly Story[] = [
  [
    'db-prod-02',
    'faulty',
    47 * minuteMs,
    'REFUSED',
    'ssh: db-prod-02: logging in as cmk: permission denied (publickey)',
  ],
  [
    'erp-legacy.muenchen.example.net',
    'faulty',
    26 * minuteMs,
    'STALE',
    'http: erp-legacy.muenchen.example.net: https://depot.example.net/erp-legacy is 26m old, allowed are 5m',
  ],
  [
    'web-17',
    'faulty',
    11 * minuteMs,
    'MALFORMED',
    'http: web-17: line 1: a login page in HTML, no agent output',
  ],
  [
    'branch-oslo-fw',
    'silent',
    3 * hourMs + 12 * minuteMs,
    'UNREACHABLE',
    'tcp: branch-oslo-fw: connecting to 10.44.0.1:6556: no route to host',
  ],
  [
    'branch-oslo-nas',
    'silent',
    3 * hourMs + 11 * minuteMs,
    'UNREACHABLE',
    'tcp: branch-oslo-nas: connecting to 10.44.0.9:6556: no route to host',
  ],
  [
    'kiosk-112',
    'never',
    0,
    'NO_OUTPUT',
    'spool: kiosk-112: nothing has come from this host since it was registered',
  ],
  [
    'win-file-01',
    'grace',
    4 * minuteMs,
    'TIMEOUT',
    'tcp: win-file-01: 10.20.3.14:6556: no answer within 10s',
  ],
  [
    'sap-app-03',
    'grace',
    2 * minuteMs,
    'PEER',
    'http: sap-app-03: https://depot.example.net/sap-app-03: 503 Service Unavailable',
  ],
];

const routes = { ssh: 'databases', http: 'dmz', tcp: 'branches', spool: 'kiosks' } as const;

function toRow([host, state, ageMs, code, said]: Story, index: number): HostRow {
  const scheme = said.startsWith('ssh')
    ? 'ssh'
    : said.startsWith('http')
      ? 'http'
      : said.startsWith('tcp')
        ? 'tcp'
        : 'spool';
  return {
    ...{ host, state, route: routes[scheme], failures: state === 'grace' ? 2 : 11 + index * 7 },
    source: scheme === 'http' ? `https://depot.example.net/${host}` : `${scheme}://${host}`,
    folder: '/',
    everyMs: minuteMs,
    producedAtMs: state === 'never' ? undefined : storyNowMs - ageMs,
    bytes: state === 'never' ? undefined : 23_000 + index * 4711,
    durationMs: code === 'TIMEOUT' ? 10_004 : 38 + index * 61,
    fault: { code, line: `cmk-courier: ${said} (${code})`, atMs: storyNowMs - 21_000 },
    parts: ['collector'],
  };
}

function freshRow(index: number): HostRow {
  const host = `${['app', 'web', 'db', 'mail'][index % 4]}-prod-${String(index + 4).padStart(2, '0')}`;
  return {
    ...{ host, state: 'fresh', route: 'linux', source: `tcp://${host}`, folder: '/' },
    ...{ everyMs: minuteMs, failures: 0, parts: ['collector'] },
    producedAtMs: storyNowMs - ((index * 13) % 60) * 1000,
    bytes: 31_000 + ((index * 7919) % 140_000),
    durationMs: 24 + ((index * 131) % 700),
  };
}

export const storyRows: readonly HostRow[] = [
  ...stories.map(toRow),
  ...Array.from({ length: 16 }, (_, index) => freshRow(index)),
];

/** The fleet as it is asked for: filters work, groups are those of routes. */
export function storyFleet(query: Partial<FleetQuery> = {}): FleetDocument {
  const plain = { states: [], search: '', sort: 'state', isDescending: false, page: 1 } as const;
  const asked: FleetQuery = { ...plain, ...query };
  const found = storyRows
    .filter(({ host }) => host.includes(asked.search))
    .filter(({ route }) => asked.within === undefined || route === asked.within);
  const rows = found.filter(
    ({ state }) => asked.states.length === 0 || asked.states.includes(state),
  );
  const totals = { fresh: 2361, grace: 14, faulty: 23, silent: 9, never: 5 };
  const few = { fresh: 0, grace: 0, faulty: 0, silent: 0, never: 0 };
  const isAll = asked.search === '' && asked.within === undefined;
  const counted = { ...few };
  for (const { state } of found) counted[state] += 1;
  const groups = [
    { name: 'branches', count: 214, totals: { ...few, fresh: 203, grace: 2, silent: 9 } },
    { name: 'dmz', count: 418, totals: { ...few, fresh: 389, grace: 12, faulty: 17 } },
    { name: 'databases', count: 96, totals: { ...few, fresh: 90, faulty: 6 } },
    { name: 'kiosks', count: 1200, totals: { ...few, fresh: 1195, never: 5 } },
    { name: 'linux', count: 484, totals: { ...few, fresh: 484 } },
  ];
  return {
    ...{ view: 'fleet', nowMs: storyNowMs, query: asked, hostCount: 2412, totals },
    matchingTotals: isAll ? totals : counted,
    matching: isAll && rows.length === found.length ? 2412 : rows.length,
    pages: isAll && rows.length === found.length ? 25 : 1,
    perPage: 100,
    groups: asked.group === undefined ? [] : groups,
    ...{ groupCount: asked.group === undefined ? 0 : groups.length, groupLimit: 200 },
    ...{ rows, parts: storyParts },
  };
}

const stepMs = 5 * minuteMs;

/** A day of a number; chance that is the same in each run. */
export function storySeries(
  name: string,
  label: string,
  unit: Unit,
  valueAt: (part: number, noise: number) => number | null,
): Series {
  let seed = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 7);
  const values = Array.from({ length: 288 }, (_, index) => {
    seed = (seed * 16_807) % 2_147_483_647;
    return valueAt(index / 288, seed / 2_147_483_647);
  });
  return { name, label, unit, startMs: storyNowMs - 288 * stepMs, stepMs, values };
}
