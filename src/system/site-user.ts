/** The owner of new files: in a site that must be the site's user. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CourierError } from '../faults/errors.ts';

/**
 * Keeps root from leaving files where another user's are, as with `sudo` in a site: that user
 * could neither read nor replace them, and monitoring would end with a fault nobody understands.
 *
 * @param places directories or files that are read or will be made
 * @throws CourierError USAGE that names the user to do it as
 */
export function requireOwner(places: readonly string[]): void {
  if (process.geteuid?.() !== 0) return;
  for (const place of places) {
    const uid = findOwner(resolve(place));
    if (uid === undefined || uid === 0) continue;
    const name = nameOf(uid);
    const why = 'files that root makes there would be no use to it';
    const how = `do this as that user${name === undefined ? '' : `: su - ${name}`}`;
    throw new CourierError(
      'USAGE',
      `${place} belongs to ${name ?? `user ${uid}`}, and ${why}; ${how}`,
    );
  }
}

/**
 * The owner of a path, or of the directory it would be made in; undefined when that cannot be told.
 */
function findOwner(path: string): number | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statSync(at).uid;
    } catch {
      if (at === dirname(at)) return undefined;
    }
  }
}

/** Users of sites are in the file (passwd(5)). */
function nameOf(uid: number): string | undefined {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([, , id]) => id === String(uid))?.[0];
  } catch {
    return undefined;
  }
}
