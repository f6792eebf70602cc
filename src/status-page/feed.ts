/** Where the page gets what it shows: from parts in its own process, and from others over a socket. */

import type { HostName } from '../names/host-name.ts';
import type { HostDocument, HostRow, Panel, Part, PartName } from './model.ts';

/** A host as one part knows it. */
export interface PartRow extends Omit<HostRow, 'parts'> {
  /** For a part that hears nothing when a host falls silent: how old its output may be. */
  readonly silentAfterMs?: number | undefined;
}

/** Some rows of a listing. */
export interface Batch {
  readonly rows: readonly PartRow[];
  /** Says with the next question how far this listing came; the last batch has the one that counts. */
  readonly cursor: string;
  /** With the first batch: the rows that follow are all there are; what is not among them is gone. */
  readonly isWhole: boolean;
}

/** What one part knows of a host beyond its row; the page puts several of them together. */
export type PartHost = {
  readonly [Field in Exclude<
    keyof HostDocument,
    'view' | 'nowMs' | 'host' | 'row' | 'parts' | 'actions' | 'doctor'
  >]?: HostDocument[Field] | undefined;
};

/**
 * All of it is bounded in time by the signal, and may reject with a CourierError: what was known
 * before is then shown, and why there is nothing newer.
 */
export interface Feed {
  readonly name: PartName;
  part(signal: AbortSignal): Promise<Part>;
  /**
   * Rows that changed since a cursor, or all of them without one, or with one of another process.
   * Comes in batches, between which other work has its turn.
   */
  list(since: string | undefined, signal: AbortSignal): AsyncIterable<Batch>;
  /** Undefined for a host that this part does not know. */
  host(host: HostName, signal: AbortSignal): Promise<PartHost | undefined>;
  panels(signal: AbortSignal): Promise<readonly Panel[]>;
  /** Makes the next cycle of a host due now. @returns false where there is none to be made */
  fetchNow?(host: HostName, signal: AbortSignal): Promise<boolean>;
  /** Why a host that this part knows is left to another program, in words; undefined for all others. */
  whyLeft?(host: HostName, signal: AbortSignal): Promise<string | undefined>;
}
