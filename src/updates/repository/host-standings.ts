/** What hosts have told of themselves, as far as keys and counters need to know it. */

/** A host as it last reported. */
export interface HostStanding {
  readonly host: string;
  /** The root it has; undefined for one that is registered and never asked. */
  readonly rootVersion: number | undefined;
  /** The counter of the target it has installed. */
  readonly counter: number | undefined;
  /** When it last asked, in milliseconds since 1970. */
  readonly lastContactMs: number | undefined;
}
