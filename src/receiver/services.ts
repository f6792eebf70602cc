/** What the routes work with. */

import type { Clock } from '../clock.ts';
import type { HostName } from '../names/host-name.ts';
import type { SealPlaces } from '../sealing/places.ts';
import type { SealBook } from '../sealing/seal-book.ts';
import type { Credentials } from './credentials.ts';
import type { UpdateExtension } from './extension.ts';
import type { Intake } from './intake.ts';
import type { RateLimit } from './limits.ts';
import type { Settings } from './options.ts';
import type { RefusalMemory } from './refusal-memory.ts';
import type { RelayDesk } from './relays/desk.ts';
import type { Accesses } from './state/accesses.ts';
import type { Hosts } from './state/hosts.ts';
import type { LastRefusals } from './state/last-refusals.ts';
import type { Reports } from './state/reports.ts';
import type { Requests } from './state/requests.ts';
import type { SealKeys } from './state/seal-keys.ts';
import type { Trust } from './trust.ts';

/** What is remembered on disk. */
export interface State {
  readonly hosts: Hosts;
  readonly requests: Requests;
  readonly accesses: Accesses;
  readonly reports: Reports;
  readonly refused: LastRefusals;
  readonly sealKeys: SealKeys;
}

export interface Services {
  readonly settings: Settings;
  readonly state: State;
  readonly trust: Trust;
  readonly credentials: Credentials;
  readonly intake: Intake;
  /** Failed ones. */
  readonly registrations: RateLimit;
  /** All of them, by UUID. */
  readonly renewals: RateLimit;
  /** Of courier-doctor, by sender and host. */
  readonly reports: RateLimit;
  readonly refusals: RefusalMemory;
  readonly relays: RelayDesk;
  /** Whether there is output of a host in the spool. */
  readonly hasOutput: (host: HostName) => boolean;
  /** Hosts that have output in the spool. */
  readonly countHosts: () => number;
  /** Enrolments, and keys of this site. */
  readonly seals: SealBook;
  readonly sealPlaces: SealPlaces;
  /** Keys a sender hands in. */
  readonly sealKeyRate: RateLimit;
  /** Agent updates; undefined where this program has none to offer. */
  readonly updates: UpdateExtension | undefined;
  readonly clock: Clock;
}
