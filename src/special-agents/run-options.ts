/** Options that every special agent has. */

import { parseOneOf, parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable } from '../cli/options.ts';

export const ownOptions = {
  runTimeout: {
    kind: 'value',
    placeholder: 'DURATION',
    parse: parsePositiveDuration,
    fallback: '45s',
    describe: 'time for all questions; what has not come by then fails alone',
  },
  ownService: {
    kind: 'value',
    placeholder: 'HOW',
    parse: parseOneOf('local', 'section', 'none'),
    fallback: 'local',
    describe:
      'who makes the service `Agent NAME`: a local check, the plug-ins of the Checkmk package, or nobody',
  },
} as const satisfies OptionTable;
