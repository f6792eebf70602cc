/** The only source of chance where no secret is made of it; for secrets there is node:crypto. */

/** At least 0, less than 1. */
export const chance: () => number = Math.random;
