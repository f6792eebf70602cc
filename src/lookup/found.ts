/** What is asked about a name, and what is found. */

/** 0 for both. */
export type Family = 0 | 4 | 6;

/** One address of a name. */
export interface FoundAddress {
  readonly address: string;
  readonly family: 4 | 6;
}
