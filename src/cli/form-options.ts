/** How strictly agent output is judged: the same options wherever it is. */

import type { OptionTable } from './options.ts';

export const formOptions = {
  lenient: {
    kind: 'switch',
    describe: 'let a web page ahead of the sections pass, and say nothing of other text there',
  },
  strict: {
    kind: 'switch',
    describe: 'refuse what some version of the site would drop a part of, instead of warning',
  },
} as const satisfies OptionTable;
