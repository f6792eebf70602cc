/** The far end a transport is tested against, and the words in which the suite speaks of it. */

import type { TestContext } from 'node:test';
import type { Source } from '../../src/transports/source.ts';
import type { TransportModule } from '../../src/transports/transport.ts';

/** The real peer of a transport, on this machine, with what the suite needs of it. */
export interface ConformancePeer {
  readonly module: TransportModule;
  /** A source with {host} in it, or {address} where there is `addressOf`; options included. */
  readonly source: Source;
  /** The address of a host, where the peer tells hosts apart by it; left out, all have 127.0.0.1. */
  addressOf?(host: string): string;
  /** The protocol itself wants output to begin with a section header, without empty lines. */
  readonly beginsWithHeader?: true;
  /** What was offered before stays beside what is offered now, and a transport chooses. */
  readonly keepsOlder?: true;
  /** Puts the output of a host where the source points, made at that moment where that can be told. */
  offer(host: string, output: Buffer, producedAt?: Date): Promise<void>;
  /** Where the time of production is not that of the offer: nobody tells, or it is made when asked for. */
  readonly tellsTime?: 'never' | 'of asking';
  /** Puts it where the returned source points, with a time nobody can read; left out where none is written. */
  offerMisdated?(host: string, output: Buffer): Promise<Source>;
  /** Takes it away again; fine when nothing is there. */
  withdraw(host: string): Promise<void>;
  /** The peer goes away until it is restored; left out where a peer cannot be away. */
  readonly absence?: { lose(): Promise<void>; restore(): Promise<void> };
  /** Delivers a part, then ends or hangs up; left out only where that cannot happen. */
  readonly stopsHalfWay?: Source;
  /** Never answers; left out only where that cannot happen. */
  readonly hangs?: Source;
  /** Credentials the peer refuses; left out only where there are none. */
  readonly wrongSecret?: Source;
  /** Texts that must appear in no error, log line or argument list: the secrets in use, random per run. */
  readonly secrets: readonly string[];
  /** Open sockets, children, temporary files of the transport still there; empty when all is let go. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Tests named by the sentence of the contract they check. */
export type Sentences = Readonly<
  Record<string, (peer: ConformancePeer, test: TestContext) => Promise<void>>
>;
