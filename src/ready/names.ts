/** What is called how in the ready directory: `web01`, `web01~valid`, `web01~fault`. */

import { type HostName, parseHostName } from '../host-name.ts';

/** No host name holds a `~`. */
export const validSuffix = '~valid';
export const faultSuffix = '~fault';

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
    return parseHostName(name.replace(/~(?:valid|fault)$/, ''));
  } catch {
    return undefined;
  }
}
