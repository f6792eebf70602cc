/** A host as one meets it, for the pictures and the tests of the page. */

import type { HostDocument, HostRow, HostState } from '../../../src/status-page/model.ts';
import { storyNowMs, storyParts, storyRows, storySeries } from './story.ts';

const dayMs = 86_400_000;

const sectionNames =
  'check_mk df_v2 mounts ps_lnx mem cpu uptime lnx_if:sep(58) tcp_conn_stats diskstat kernel md vbox_guest systemd_units chrony:cached job local:sep(0) cmk_agent_ctl_status:sep(0) nfsmounts_v2:sep(0) apt:sep(0) mk_oracle postgres_instances ssh_fingerprints lnx_thermal'.split(
    ' ',
  );

/** The first host of a state, or the one of that name. */
export function storyHost(state: HostState = 'grace', name?: string): HostDocument {
  const row = storyRows.find((one) =>
    name === undefined ? one.state === state : one.host === name,
  );
  if (row === undefined) throw new Error(`no host is ${state}`);
  const { host } = row;
  return {
    ...{ view: 'host', nowMs: storyNowMs, host, row, isRunning: false, address: '10.20.3.14' },
    ...{ served: 'grace', backoff: 'none', nextDueAtMs: storyNowMs + 39_000 },
    ...attemptsOf(row),
    sections: sectionNames.map((name, index) => ({
      name,
      bytes: Math.round(80 + 23_000 / (1 + ((index * 7) % 24))),
      ...(/^(?:mk_oracle|apt)/.test(name)
        ? {
            cachedAtMs: storyNowMs - 250_000,
            cachedForMs: name === 'mk_oracle' ? 600_000 : 180_000,
          }
        : {}),
    })),
    sectionCount: sectionNames.length,
    piggybacked: [
      { host: 'vm-print-01', sections: 6, bytes: 5120 },
      { host: 'vm-print-02', sections: 6, bytes: 4870 },
    ],
    piggybackedCount: 2,
    remarks: ['2 lines before the first section were left out'],
    seal: [
      { label: 'Key', value: 'windows hosts 2026', level: 'ok' },
      { label: 'Expires', value: '', atMs: storyNowMs + 19 * dayMs, level: 'warn' },
    ],
    relayed: [],
    registration: [
      { label: 'UUID', value: 'b1f0c8a2-6a3e-4a0f-9a53-0b7d8f5c3a11' },
      { label: 'Certificate', value: 'expires', atMs: storyNowMs + 340 * dayMs },
    ],
    update: [
      { label: 'Agent', value: '2.4.0p3', level: 'ok' },
      { label: 'Is to be', value: '2.4.0p5, stage “windows, second half”' },
    ],
    refusal: undefined,
    actions: { fetch: true, doctor: true },
    doctor: {
      ...{ state: 'done', startedAtMs: storyNowMs - 70_000, endedAtMs: storyNowMs - 58_000 },
      by: 'anna',
      report: [
        `1. name       ok     ${host} is 10.20.3.14 (/etc/hosts)`,
        '2. connect    ok     10.20.3.14:6556 takes the connection after 2ms',
        '3. answer     FAULT  nothing comes within 10s: no byte, no end',
        '',
        'Likely: the agent runs, and a plug-in of it hangs. On the host: see which child of',
        'check_mk_agent is oldest, and end it.',
      ].join('\n'),
    },
    parts: storyParts,
  };
}

function attemptsOf({ host, fault }: HostRow): Pick<HostDocument, 'sources' | 'series'> {
  return {
    sources: [
      {
        ...{ role: 'chain', source: `tcp://${host}:6556`, scheme: 'tcp', outcome: 'fault' },
        ...{ atMs: storyNowMs - 21_000, durationMs: 10_004, code: 'TIMEOUT' },
        line: fault?.line,
      },
      {
        ...{ role: 'chain', source: `https://depot.example.net/${host}`, scheme: 'https' },
        ...{ outcome: 'fault', atMs: storyNowMs - 20_600, durationMs: 412, code: 'STALE' },
        line: `cmk-courier: http: ${host}: https://depot.example.net/${host} is 47m old, allowed are 5m (STALE)`,
      },
      {
        ...{ role: 'with', source: `file:/srv/inventory/${host}.txt`, scheme: 'file' },
        ...{ outcome: 'good', atMs: storyNowMs - 81_000, durationMs: 3, bytes: 412 },
      },
    ],
    series: [
      storySeries('age', 'Age of the output', 'seconds', (part, noise) =>
        part > 0.6 && part < 0.64
          ? null
          : 12 + noise * 48 + (part > 0.95 ? (part - 0.95) * 5000 : 0),
      ),
      storySeries('duration', 'Duration of a cycle', 'seconds', (part, noise) =>
        part > 0.6 && part < 0.64 ? null : 0.3 + noise ** 8 * 4 + (part > 0.985 ? 9.6 : 0),
      ),
    ],
  };
}
