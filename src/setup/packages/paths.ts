/** Whether files stay where a package may put them, each in a place of its own. */

import { quote } from '../../faults/errors.ts';
import type { Manifest } from './manifest.ts';
import { findPart } from './parts.ts';
import type { Complain } from './problems.ts';

/** Linux allows that much for a name, and 4096 for a path with what stands ahead of it. */
const longestName = 255;
const longestPath = 1000;

/** A path is an argument of tar when it is unpacked, and a place below the folder of its part. */
function isSafePath(path: string): boolean {
  if (path === '' || path.length > longestPath || /[\p{Cc}\\]|^-/u.test(path)) return false;
  return path.split('/').every((name) => isSafeName(name));
}

function isSafeName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= longestName;
}

export function judgeFiles({ files }: Manifest, complain: Complain): void {
  if ([...files.values()].every((paths) => paths.length === 0)) {
    complain('no-files', 'it holds no file');
  }
  const places = new Set<string>();
  for (const [name, paths] of files) {
    const part = findPart(name);
    if (part === undefined) complain('unknown-part', `there is no part ${quote(name)}`);
    if (part?.isOutdated && paths.length > 0) {
      complain('outdated-part', `newer versions do not look into ${quote(name)}`);
    }
    for (const path of paths) {
      if (!isSafePath(path)) {
        complain('unsafe-path', `${quote(path)} of ${quote(name)}`);
        continue;
      }
      const place = `${part?.folder ?? name}/${path}`;
      if (places.has(place)) complain('double-file', `two files are to be ${quote(place)}`);
      places.add(place);
    }
  }
  judgeFolders(places, complain);
}

function judgeFolders(places: ReadonlySet<string>, complain: Complain): void {
  const folders = new Set<string>();
  for (const place of places) {
    const names = place.split('/');
    for (let length = 1; length < names.length; length += 1) {
      folders.add(names.slice(0, length).join('/'));
    }
  }
  for (const place of places) {
    if (folders.has(place)) complain('file-as-folder', `${quote(place)} is a file and a folder`);
  }
}
