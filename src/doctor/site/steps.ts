/** Every step of `doctor site`, in the order in which they are shown. */

import type { SiteStep } from './scene.ts';
import { certificates } from './steps/certificates.ts';
import { collector, collectorOptions } from './steps/collector.ts';
import { clock, limits } from './steps/machine.ts';
import { places, room } from './steps/places.ts';
import { library, program } from './steps/program.ts';
import { receiver } from './steps/receiver.ts';
import { relays } from './steps/relays.ts';
import { passwords, routes } from './steps/routes.ts';
import { spool } from './steps/spool.ts';
import { versions } from './steps/versions.ts';

export const siteSteps: readonly SiteStep[] = [
  program,
  library,
  versions,
  clock,
  limits,
  places,
  room,
  routes,
  passwords,
  certificates,
  collectorOptions,
  collector,
  receiver,
  relays,
  spool,
];
