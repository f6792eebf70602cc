/** What is called how in the ready directory: each host has one file, of its own name. */

import { type HostName, parseHostName } from '../names/host-name.ts';

/** A name for what is being written; it begins with a dot, which no host does. */
export function temporaryName(host: HostName): string {
  return `.${host}~new`;
}

export function isTemporaryName(name: string): boolean {
  return name.startsWith('.') && name.endsWith('~new');
}

/** Whether it is the name of a host, and so that of a file of ours. */
export function isHostName(name: string): boolean {
  try {
    parseHostName(name);
    return true;
  } catch {
    return false;
  }
}
