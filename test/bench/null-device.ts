/** Where output of what is measured goes. */

import { openSync } from 'node:fs';

/** As `>/dev/null` opens it: Node's own 'ignore' looks to a fetch as if its stdout were closed. */
export const nullDevice = openSync('/dev/null', 'w');
