/**
 * The status of the collector: the document at its socket, and what `cmk-courier status --json`
 * prints.
 */

import { z } from 'zod';
import { brokerStatus } from '../broker/status-shape.ts';

const hostStatus = z.object({
  host: z.string(),
  route: z.string(),
  /** The age of the newest good output. */
  ageMs: z.number().optional(),
  /** Where the newest good output came from. */
  source: z.string().optional(),
  bytes: z.number().optional(),
  /** What the newest good output was sealed with. */
  seal: z
    .object({
      key: z.string(),
      /** When it was produced: 14 digits of UTC. */
      sequence: z.string(),
      /** Days until the key expires. */
      daysLeft: z.number().optional(),
    })
    .optional(),
  /** Sources beside the chain: what they added to what the site gets, or why nothing. */
  with: z
    .array(
      z.object({
        source: z.string(),
        ageMs: z.number().optional(),
        /** How many sections it added. */
        sections: z.number(),
        /** What was there already and was not added. */
        left: z.array(z.string()),
        fault: z.object({ code: z.string(), message: z.string() }).optional(),
      }),
    )
    .optional(),
  /** How long the last cycle took. */
  durationMs: z.number().optional(),
  lastFault: z.object({ code: z.string(), line: z.string(), at: z.string() }).optional(),
  /** The number of cycles in a row without output. */
  failures: z.number(),
  /**
   * `waiting`: several fetches in a row had no answer, so the wait is longer than the interval.
   * `retrying`: it is being asked again after such a wait.
   */
  backoff: z.enum(['none', 'waiting', 'retrying']),
  /** Milliseconds from now; 0 while it is being asked. */
  nextDueMs: z.number(),
  /** What the site gets at the moment. */
  served: z.enum(['output', 'grace', 'fault', 'nothing']),
});

/** How a relay gets its hosts to the site. */
const forwarding = z.object({
  /** What the receiver calls us; undefined before it has answered. */
  relay: z.string().optional(),
  receivers: z.array(
    z.object({
      url: z.string(),
      state: z.enum(['used', 'well', 'down', 'untried']),
      lastContactAt: z.string().optional(),
      fault: z.object({ code: z.string(), message: z.string() }).optional(),
    }),
  ),
  /** Hosts that are forwarded, and those of which something is still to be sent. */
  hosts: z.number(),
  waiting: z.number(),
  /** Since the start: outputs and faults that a receiver has, and what it will never take. */
  sent: z.number(),
  refused: z.number(),
  /** How far our clock is ahead of that of the receiver. */
  skewMs: z.number().optional(),
  /** Some of the hosts that it does not take, and why. */
  refusedHosts: z.array(z.object({ host: z.string(), message: z.string() })),
});

export type ForwardingStatus = z.infer<typeof forwarding>;

/** Relays that send to the receiver of this site. */
export const relayStatuses = z.array(
  z.object({
    relay: z.string(),
    id: z.string(),
    address: z.string(),
    version: z.string(),
    startedAt: z.string(),
    lastContactAt: z.string(),
    sinceContactMs: z.number(),
    hosts: z.number(),
    waiting: z.number(),
    /** How far its clock is ahead of ours. */
    skewMs: z.number(),
    /** Why nothing is heard of it. */
    silence: z.string().optional(),
    /** Why somebody with its id was turned away since; that proves no id. */
    refusal: z.string().optional(),
  }),
);

/** Sources that hand over by themselves what is pushed to them. */
const subscriptionStatuses = z.array(
  z.object({
    source: z.string(),
    state: z.enum(['following', 'beginning', 'away']),
    /** When that began; programs of before do not say. */
    since: z.string().optional(),
    fault: z.object({ code: z.string(), message: z.string() }).optional(),
    hosts: z.number(),
    /** Since the start: outputs that came, of hosts in no route, gaps, and times it was lost. */
    arrived: z.number(),
    foreign: z.number(),
    gaps: z.number(),
    losses: z.number(),
  }),
);

/** With --pool: who shares the hosts. */
const pool = z.object({
  member: z.string(),
  /** `apart`: the others cannot be heard, and those who were there last still count. */
  state: z.enum(['asking', 'joining', 'leaving', 'apart']),
  members: z.array(
    z.object({
      member: z.string(),
      state: z.enum(['asking', 'joining', 'leaving']),
      networks: z.array(z.string()),
      sinceHeardMs: z.number(),
      /** How many hosts its routes have, and a word that is the same for the same routes; programs of before say neither. */
      hosts: z.number().optional(),
      version: z.string().optional(),
    }),
  ),
  /** Hosts that this collector asks; only those are listed. */
  ours: z.number(),
  /** Hosts whose network no member reaches. */
  unserved: z.number(),
  /** Who has which routes, where they are not the same on all members. */
  difference: z.string().optional(),
  /** Whether another program has our name. */
  double: z.boolean(),
  fault: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** The file from which options were taken at the start; command lines alone need none. */
const configuration = z.object({
  path: z.string(),
  isNamed: z.boolean().describe('whether --config names it'),
  options: z.record(z.string(), z.array(z.string())).describe('what was in it at the start'),
  overridden: z.array(z.string()).describe('options of the command line, which go first'),
  /** Added by who asks: what has become of the file since. */
  changed: z
    .array(z.string())
    .optional()
    .describe('keys that have changed since; a restart makes them count'),
  fault: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .describe('why the next start would refuse it'),
});

export const collectorStatus = z.object({
  version: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  routesPath: z.string(),
  configuration: configuration.optional(),
  /** Why the newest routes or hosts are not in force. */
  reloadFault: z.string().optional(),
  /** Why output cannot be laid ready; the site then asks for itself. */
  readyFault: z.string().optional(),
  /** Fetches that run now. */
  running: z.number(),
  /** Fetches that have ended since the start, by how they ended. */
  cycles: z.object({ good: z.number(), faulty: z.number() }),
  /** With --forward. */
  forwarding: forwarding.optional(),
  pool: pool.optional(),
  relays: relayStatuses.optional(),
  /** With --broker. */
  broker: brokerStatus.optional(),
  /** Sources that are followed. */
  subscriptions: subscriptionStatuses.optional(),
  hostCount: z.number(),
  hosts: z.array(hostStatus),
});

export type ConfigurationStatus = z.infer<typeof configuration>;

export type PoolStatus = z.infer<typeof pool>;

export type SubscriptionStatus = z.infer<typeof subscriptionStatuses>[number];

export type CollectorStatus = z.infer<typeof collectorStatus>;
export type HostStatus = z.infer<typeof hostStatus>;
