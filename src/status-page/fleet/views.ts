/** A view, as the URL names it → its document. */

import type { Clock } from '../../clock.ts';
import { isHostName } from '../../names/host-name.ts';
import type { PartHost } from '../feed.ts';
import type {
  Actions,
  DoctorRun,
  Document,
  FleetQuery,
  HostDocument,
  HostRow,
  Part,
} from '../model.ts';
import { parseFleetQuery, toFleetKey } from '../query.ts';
import type { Fleet } from './fleet.ts';

/** What can be looked at. */
export type View =
  | { readonly kind: 'fleet'; readonly query: FleetQuery }
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'operations' };

/** Path and query below where the page is mounted, such as `/?state=faulty`; undefined for others. */
export function parseView(text: string): View | undefined {
  const [path = '', ...search] = text.split('?');
  if (path === '/') {
    return { kind: 'fleet', query: parseFleetQuery(new URLSearchParams(search.join('?'))) };
  }
  if (path === '/operations') return { kind: 'operations' };
  const name = /^\/host\/([^/]{1,750})$/.exec(path)?.[1];
  const host = name === undefined ? undefined : decode(name);
  return host !== undefined && isHostName(host) ? { kind: 'host', host } : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** One text for all that shows the same. */
export function toViewKey(view: View): string {
  if (view.kind === 'fleet') return `/${toFleetKey(view.query)}`;
  return view.kind === 'host' ? `/host/${encodeURIComponent(view.host)}` : '/operations';
}

export interface ViewSettings {
  readonly fleet: Fleet;
  readonly actions: Actions;
  readonly doctorOf: (host: string) => DoctorRun | undefined;
  readonly clock: Clock;
}

/** Undefined for a host that is not known. */
export async function makeDocument(
  view: View,
  { fleet, actions, doctorOf, clock }: ViewSettings,
): Promise<Document | undefined> {
  await fleet.look();
  if (view.kind === 'fleet') return fleet.view(view.query);
  if (view.kind === 'operations') {
    const panels = await fleet.panels();
    return { view: 'operations', nowMs: clock.now(), panels, parts: fleet.parts };
  }
  const row = fleet.find(view.host);
  if (row === undefined || !isHostName(view.host)) return undefined;
  const known = await fleet.ask(view.host);
  const doctor = doctorOf(view.host);
  const extra = { actions, ...(doctor === undefined ? {} : { doctor }) };
  return { ...toHostDocument(row, known, clock.now(), fleet.parts), ...extra };
}

/** What one part does not know another may; lists of several are put together. */
function toHostDocument(
  row: HostRow,
  known: readonly PartHost[],
  nowMs: number,
  parts: readonly Part[],
): Omit<HostDocument, 'actions' | 'doctor'> {
  const find = <Key extends keyof PartHost>(key: Key): PartHost[Key] | undefined =>
    known.find((part) => part[key] !== undefined)?.[key];
  // Sections and piggyback of the first part that has output, so that nothing is shown twice.
  const output = known.find(({ sectionCount = 0 }) => sectionCount > 0) ?? known[0] ?? {};
  return {
    ...{ view: 'host', nowMs, host: row.host, row, parts },
    ...{ served: find('served'), backoff: find('backoff'), isRunning: find('isRunning') ?? false },
    ...{ nextDueAtMs: find('nextDueAtMs'), address: find('address') },
    sources: known.flatMap(({ sources = [] }) => sources),
    series: known.flatMap(({ series = [] }) => series),
    sections: output.sections ?? [],
    sectionCount: output.sectionCount ?? 0,
    piggybacked: output.piggybacked ?? [],
    piggybackedCount: output.piggybackedCount ?? 0,
    remarks: known.flatMap(({ remarks = [] }) => remarks),
    seal: known.flatMap(({ seal = [] }) => seal),
    relayed: known.flatMap(({ relayed = [] }) => relayed),
    registration: known.flatMap(({ registration = [] }) => registration),
    update: known.flatMap(({ update = [] }) => update),
    refusal: find('refusal'),
  };
}
