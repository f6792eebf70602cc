/** Routes for tests, without a file. */

import { parseHostPatterns } from '../../src/routes/patterns.ts';
import type { Route } from '../../src/routes/route.ts';

/** A route for these hosts; all of `changes` goes to its settings. */
export function makeRoute(
  hosts: readonly string[] = ['*'],
  uri = 'https://depot/{host}',
  changes: Partial<Route['settings']> = {},
): Route {
  return {
    name: hosts[0] ?? '',
    line: 1,
    hosts: parseHostPatterns(hosts),
    tags: { required: [], forbidden: [] },
    with: [],
    sources: [{ uri, line: 2, options: {}, timeoutMs: undefined }],
    settings: {
      maxAgeMs: 300_000,
      maxSkewMs: 60_000,
      maxOutputBytes: 1_000_000,
      deadlineMs: 50_000,
      timeoutMs: undefined,
      lenient: false,
      strict: false,
      seal: 'enrolled',
      pick: 'first',
      graceMs: 0,
      piggyback: { kind: 'allow' },
      sections: { allow: [], deny: [] },
      report: 'none',
      pool: undefined,
      everyMs: 60_000,
      secrets: {},
      ...changes,
    },
  };
}
