/** What goes from this program to hosts. In the bundle the texts stand here (.tools/bundle.ts). */

import { readFileSync } from 'node:fs';

const hostFile = (name: string) =>
  readFileSync(new URL(`../../../agents/host/${name}`, import.meta.url), 'utf8');

/** The agent for hosts where there is none of Checkmk's. */
export const courierAgent = (): string => hostFile('courier-agent');
/** The updater. */
export const courierUpdate = (): string => hostFile('courier-update');
/** What starts the current release, and stays when releases change. */
export const courierLaunch = (): string => hostFile('courier-launch');
/** Maintainer scripts of the Debian package. */
export const debPostinst = (): string => hostFile('deb/postinst');
export const debPostrm = (): string => hostFile('deb/postrm');
