/** What is called how in the ready directory: each host has one file, of its own name. */

import { type HostName, parseHostName } from '../names/host-name.ts';

/** A name for what is being written; it begins with a dot, which no host does. */
export function temporaryName(host: HostName): string {
  return `.${host}~new`;
}

export function isTemporaryName(name: string): boolean {
  return name.startsWith('.') && name.endsWith('~new');
}

/** Whose file it is; undefined when it is none of ours. */
export function hostOf(name: string): HostName | undefined {
  try {
    return parseHostName(name);
  } catch {
    return undefined;
  }
}
