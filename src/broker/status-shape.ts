/** How a broker shows in the status of a service that puts outputs into it. */

import { z } from 'zod';

/** What a broker does to us; counts are since the start. */
export const brokerStatus = z.object({
  /** Why it counts as away; undefined while it does not. */
  away: z.object({ code: z.string(), message: z.string() }).optional(),
  /** Hosts whose output waits on disk, and how long the one that came first has waited. */
  waiting: z.number(),
  lagMs: z.number(),
  /** Outputs it has acknowledged; those dropped for newer ones that were there. */
  stored: z.number(),
  older: z.number(),
  /** Outputs another writer was quicker with, and attempts that had to be repeated. */
  conflicts: z.number(),
  again: z.number(),
  /** Outputs it had acknowledged and does not have any more, nor newer ones; others may not say. */
  lost: z.number().default(0),
  /** Outputs that had waited on disk. */
  forwarded: z.number(),
  reconnects: z.number(),
});

export type BrokerStatus = z.infer<typeof brokerStatus>;
