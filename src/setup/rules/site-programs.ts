/** Which programs a site finds for its rules. */

import { constants } from 'node:fs';
import { join } from 'node:path';
import { requireAccess } from '../../files/file-calls.ts';

/** Whether a site finds a program without its path: in `~/local/bin`, then in `~/bin`. */
export async function hasProgram(root: string, name: string): Promise<boolean> {
  for (const place of ['local/bin', 'bin']) {
    try {
      await requireAccess(join(root, place, name), constants.X_OK);
      return true;
    } catch {
      // In the next, perhaps.
    }
  }
  return false;
}
