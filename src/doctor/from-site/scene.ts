/** What the steps of the site half are given, and what they learn from each other. */

import type { Socket } from 'node:net';
import type { CommandContext, Invocation } from '../../cli/command.ts';
import type { RawOptions } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import type { Registration } from '../../transports/tcp/known-host.ts';
import type { TcpOptions } from '../../transports/tcp/options.ts';
import type { AgentPlace } from '../../transports/tcp/place.ts';
import type { SiteFiles } from '../../transports/tcp/site-files.ts';
import type { Original, PortFinding } from '../document.ts';
import type { HostReport } from '../report/host-report.ts';
import type { Finding, Step } from '../step.ts';
import type { Configuration } from './configuration.ts';
import type { HostSide } from './host-side.ts';

export interface Scene {
  readonly host: HostName;
  /** As named on the command line. */
  readonly address: string | undefined;
  readonly port: number;
  readonly tcp: TcpOptions;
  /** Sources behind the host, and their options; none: the route of the host, if there is one. */
  readonly sources: Invocation | undefined;
  readonly routes: string | undefined;
  /** Whether the real program of the host may be run. */
  readonly ask: boolean;
  /** From a file; what has to be fetched is a step. */
  readonly report: HostReport | undefined;
  /** Where to fetch it, and the options of ssh. */
  readonly ssh: string | undefined;
  readonly raw: RawOptions;
  /** Given to the host, which repeats it. */
  readonly run: string;
  readonly context: CommandContext;
  /** Ended when all is over. */
  readonly sockets: Set<Socket>;
  /** When all has to be over, by the monotonic clock. */
  readonly endMs: number;
}

/** How long before the deadline a wait ends, so that it can be reported as a timeout of its own. */
const endingMs = 300;
/** Silence proves nothing when there was less time than this. */
const leastWaitMs = 1000;

/**
 * How long a step may wait for somebody who may say nothing.
 *
 * @param mostMs what is asked for
 * @throws CourierError TIMEOUT when what came before has taken so long that silence would tell nothing
 */
export function timeToWait({ context: { clock }, endMs }: Scene, mostMs: number): number {
  const leftMs = endMs - endingMs - clock.monotonic();
  if (leftMs >= Math.min(mostMs, leastWaitMs)) return Math.min(mostMs, leftMs);
  throw new CourierError(
    'TIMEOUT',
    'nobody could look: too little time was left; --deadline gives more',
  );
}

export interface Learned {
  readonly site: { readonly name: string; readonly version: string; readonly edition: string };
  readonly original: Original;
  readonly configuration: Configuration;
  readonly place: AgentPlace;
  /** The same by the other family, where the host has addresses of both. */
  readonly otherPlace: AgentPlace;
  readonly hostSide: HostSide;
  readonly socket: Socket;
  readonly marker: Buffer;
  readonly registration: Registration;
  /** When output last came by itself, 0 for never; and whether that is too long ago. */
  readonly pushed: { readonly lastMs: number; readonly isLate: boolean };
  readonly files: SiteFiles;
  readonly ports: readonly PortFinding[];
  /** That of the Agent Receiver, where it answers. */
  readonly receiverPort: number;
}

export type SiteFinding = Finding<Learned>;

/** Of every step that only a site can take; they share one line. */
export const outsideSite: SiteFinding = {
  status: 'unknown',
  text: 'nobody could look: this is not the user of a site',
};

export type SiteStep = Step<Scene, Learned>;
