/** The steps of the site half, in the order in which they are shown and one explains the other. */

import { lookAtAddress } from './address.ts';
import { lookAtReceiver } from './agent-receiver.ts';
import { lookAtCheckmk, lookAtSite } from './checkmk.ts';
import { lookAtConfiguration } from './configuration.ts';
import { lookAtDiscovery } from './discovery.ts';
import { lookAtHostSide } from './host-side.ts';
import { lookAtOutput } from './output.ts';
import { lookAtOwnWay } from './own-way.ts';
import { lookAtBytes, lookAtPort } from './port.ts';
import { lookAtAge } from './pushed.ts';
import { lookAtRefused } from './refused.ts';
import { lookAtRegistration } from './registration.ts';
import { lookAtPing, lookAtRoute } from './route.ts';
import type { SiteStep } from './scene.ts';
import { lookAtSharing } from './sharing.ts';
import { lookAtTls } from './tls.ts';

type Row = readonly [
  id: string,
  title: string,
  needs: readonly string[],
  after: readonly string[],
  run: SiteStep['run'],
];

const rows: readonly Row[] = [
  ['site', 'who we are', [], [], lookAtSite],
  ['checkmk', 'what Checkmk last said', [], [], lookAtCheckmk],
  ['configuration', 'what Checkmk has for the host', [], [], lookAtConfiguration],
  ['address', 'the address of the host', [], ['configuration'], lookAtAddress],
  ['sharing', 'who else has it', ['address'], ['configuration'], lookAtSharing],
  ['route', 'a way to it', ['address'], [], (_, learned) => lookAtRoute(learned)],
  ['ping', 'ICMP', ['route'], [], lookAtPing],
  ['port', 'the agent port', ['route'], [], lookAtPort],
  ['bytes', 'what answers there', ['port'], [], lookAtBytes],
  ['registration', 'whether the site knows it', [], [], lookAtRegistration],
  ['tls', 'encryption', ['bytes'], ['registration'], lookAtTls],
  ['output', 'the output', ['tls'], [], lookAtOutput],
  ['age', 'what it pushes', [], ['configuration'], lookAtAge],
  ['receiver-port', 'the receiver of the site', [], [], lookAtReceiver],
  ['discovery', 'how hosts find its port', ['receiver-port'], [], lookAtDiscovery],
  ['way', 'the sources of the courier', [], ['configuration', 'address'], lookAtOwnWay],
  ['host', 'what the host itself sees', [], ['address'], lookAtHostSide],
  ['refused', 'what a receiver refused', [], ['age', 'registration', 'host'], lookAtRefused],
];

export const siteSteps: readonly SiteStep[] = rows.map(([id, title, needs, after, run]) => ({
  id,
  side: 'site',
  title,
  needs,
  after,
  run,
}));
