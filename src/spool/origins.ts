/** Who brought what lies in the spool. Every fetch loads this, and of the spool nothing else. */

/** What the origin of all that a collector brings begins with. */
export const collectorOrigin = 'collector ';

/** The same of all a fetch keeps. */
export const fetchOrigin = 'fetch ';

/** The same of all that a relay has brought; its name and the source there follow. */
export const relayOrigin = 'relay ';

/**
 * Whether a program of this site brought it, which has looked for a seal where there had to be one,
 * and opened it. All others only pass on what somebody sent.
 */
export function wasOpened({ origin }: { readonly origin: string }): boolean {
  return origin.startsWith(collectorOrigin) || origin.startsWith(fetchOrigin);
}
