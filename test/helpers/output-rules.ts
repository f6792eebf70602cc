/** Rules for agent output. */

import type { OutputRules } from '../../src/fetching/accept.ts';

/** The defaults of the program, except that 1000 bytes are too many already. */
export const defaultRules: OutputRules = {
  age: { maxAgeMs: 300_000, maxSkewMs: 60_000 },
  maxOutputBytes: 1000,
  passphrase: undefined,
  lenient: false,
  strict: false,
  piggyback: { kind: 'allow' },
  seal: 'enrolled',
  sections: { allow: [], deny: [] },
};
