/** The document that is shown, and how events change it. */

import type { DeltaEvent } from '../../events.ts';
import type { Document, FleetDocument, HostRow } from '../../model.ts';
import { aheadMs } from './browser-clock.ts';

export interface Shown {
  readonly view: string;
  readonly document: Document;
  /** How far the server is ahead of the browser. */
  readonly aheadMs: number;
}

export function toShown(view: string, document: Document): Shown {
  return { view, document, aheadMs: aheadMs(document) };
}

/** What is shown after a change. */
export function applyDelta({ view, document }: Shown, delta: DeltaEvent): Shown {
  const { nowMs, set, rows, order } = delta;
  // A field that is no longer there is told as null.
  const fields = Object.entries(set).map(([name, value]) => [name, value ?? undefined]);
  const changed: Document = { ...document, ...Object.fromEntries(fields), nowMs };
  if (changed.view !== 'fleet') return toShown(view, changed);
  return toShown(view, { ...changed, rows: changeRows(changed, rows ?? [], order) });
}

/** Rows that are new take the place of older ones; `order` says which stay, and where. */
function changeRows(
  { rows }: FleetDocument,
  changed: readonly HostRow[],
  order?: readonly string[],
): readonly HostRow[] {
  const byHost = new Map([...rows, ...changed].map((row) => [row.host, row]));
  const hosts = order ?? rows.map(({ host }) => host);
  return hosts.flatMap((host) => byHost.get(host) ?? []);
}
