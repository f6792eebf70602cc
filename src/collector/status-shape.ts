/**
 * The status of the collector: the document at its socket, and what `cmk-courier status --json`
 * prints.
 */

import { z } from 'zod';

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

export const collectorStatus = z.object({
  version: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  routesPath: z.string(),
  /** Why the newest routes or hosts are not in force. */
  reloadFault: z.string().optional(),
  /** Why output cannot be laid ready; the site then asks for itself. */
  readyFault: z.string().optional(),
  /** Fetches that run now. */
  running: z.number(),
  /** Fetches that have ended since the start, by how they ended. */
  cycles: z.object({ good: z.number(), faulty: z.number() }),
  hostCount: z.number(),
  hosts: z.array(hostStatus),
});

export type CollectorStatus = z.infer<typeof collectorStatus>;
export type HostStatus = z.infer<typeof hostStatus>;
