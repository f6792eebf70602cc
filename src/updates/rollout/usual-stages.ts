/** Stages to play with where updates.yaml has none. */

import type { Stage } from '../repository/rollout-file.ts';

const shared = {
  successes: { share: 5000 },
  failures: 200,
  silent: 1000,
  isByHand: false,
} as const;

export const usualStages: readonly Stage[] = [
  { name: 'hundredth', share: 100, soakSeconds: 6 * 3600, ...shared },
  { name: 'tenth', share: 1000, soakSeconds: 12 * 3600, ...shared },
  { name: 'half', share: 5000, soakSeconds: 24 * 3600, ...shared },
  { name: 'everybody', share: 10_000, soakSeconds: 24 * 3600, ...shared },
];
