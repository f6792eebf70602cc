/** What the matrix needs to know of a transport, or of one of the ways to use it. */

import type { FaultCode } from '../../src/faults/errors.ts';
import type { Source } from '../../src/transports/source.ts';
import type { ConformancePeer } from '../conformance/peer.ts';

export const faultKinds = [
  'dead',
  'hanging',
  'stale',
  'misdated',
  'torn',
  'partial',
  'HTML',
  'refused',
] as const;

/** What can be wrong with a source. */
export type FaultKind = (typeof faultKinds)[number];

/** What can be wrong in a cell: older output comes after newer. */
export type CellKind = FaultKind | 'older';

/** Why a source cannot have a fault. */
export interface Immune {
  readonly because: string;
}

export interface Variant {
  /** As in the table. */
  readonly name: string;
  /** As in the catalog. */
  readonly transport: string;
  start(): Promise<ConformancePeer>;
  /** Why it cannot run here, or false. */
  readonly skip: string | false;
  /** With which code each fault ends. */
  readonly expected: Readonly<Record<FaultKind, FaultCode | Immune>>;
  /** What is dead, where the peer itself cannot go away. */
  nowhere?(peer: ConformancePeer): Source;
  /** Leaves torn output for the host, where no peer stops half-way. */
  tear?(peer: ConformancePeer, host: string, output: Buffer): Promise<void>;
  /** Leaves the newest output under the names it has until it is whole; what is there is old. */
  leavePartial?(peer: ConformancePeer, host: string, output: Buffer): Promise<void>;
}
