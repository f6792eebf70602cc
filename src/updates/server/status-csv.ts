/** The status of hosts as CSV (RFC 4180), for spreadsheets. */

import type { HostStatus } from './host-status.ts';

type Cell = string | number | null | undefined;

const columns: Readonly<Record<string, (status: HostStatus) => Cell>> = {
  host: ({ host }) => host,
  severity: ({ severity }) => severity,
  text: ({ text }) => text,
  state: ({ state }) => state,
  stage: ({ stage }) => stage,
  decision: ({ decision }) => decision,
  reason: ({ reason }) => reason,
  target_counter: ({ target }) => target?.counter,
  target_hash: ({ target }) => target?.agentHash,
  fetched_sha256: ({ downloaded }) => downloaded?.sha256,
  fetched_at: ({ downloaded }) => downloaded?.at,
  installed_counter: ({ installed }) => installed?.counter,
  installed_hash: ({ installed }) => installed?.agentHash,
  installed_since: ({ installed }) => installed?.since,
  root_version: ({ rootVersion }) => rootVersion,
  platform: ({ platform }) => platform,
  transport: ({ transport }) => transport,
  last_contact: ({ lastContact }) => lastContact,
  address: ({ address }) => address,
  silent_seconds: ({ silentMs }) => (silentMs === null ? null : Math.floor(silentMs / 1000)),
  code: ({ code }) => code,
  error: ({ error }) => error,
};

/** A line of titles, and one a host. */
export function toCsv(statuses: readonly HostStatus[]): string {
  const lines = [
    Object.keys(columns),
    ...statuses.map((status) => Object.values(columns).map((value) => toCell(value(status)))),
  ];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would take for a formula gets an apostrophe: hosts choose some of them. */
function toCell(value: Cell): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+@\t-]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
