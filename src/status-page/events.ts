/**
 * What `GET /api/events?view=…` streams (server-sent events). `view` is the path and query of the
 * page that is open, such as `/?state=faulty` or `/host/web01`, relative to where the page is
 * mounted. The first event is a snapshot, unless `Last-Event-ID` says that the browser has the newest
 * state already; a browser that comes back after the server was started again gets a snapshot, too.
 */

import type { Document, HostRow } from './model.ts';

/** `event: snapshot`: takes the place of all that is shown. */
export interface SnapshotEvent {
  readonly document: Document;
}

/**
 * `event: delta`: `set` takes the place of the fields of the document it names, whole. `rows` are
 * hosts of the fleet that changed or are new on the page; `order`, when it is there, is what the page
 * shows now, by host: a host that is not in it is gone.
 */
export interface DeltaEvent {
  readonly nowMs: number;
  readonly set: { readonly [field: string]: unknown };
  readonly rows?: readonly HostRow[];
  readonly order?: readonly string[];
}

/**
 * `event: gone`: what was looked at is no longer there (a host that was dropped), or the session has
 * ended (`login`); the stream ends.
 */
export interface GoneEvent {
  readonly why: 'host' | 'login';
}
