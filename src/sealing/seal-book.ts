/** All that a process knows of seals: enrolments, keys of the site, what was accepted last. */

import type { Environment } from '../cli/environment.ts';
import { AcceptedDrops } from './accepted.ts';
import { Enrolments } from './enrolments.ts';
import { type SealPlaces, sealPlaces } from './places.ts';
import { SiteKeys } from './site-keys.ts';

export class SealBook {
  readonly enrolments: Enrolments;
  readonly siteKeys: SiteKeys;
  readonly accepted: AcceptedDrops;

  constructor(places: SealPlaces) {
    this.enrolments = new Enrolments(places);
    this.siteKeys = new SiteKeys(places);
    this.accepted = new AcceptedDrops(places);
  }
}

/** A process has one environment, and reads each enrolment once. */
const books = new WeakMap<Environment, SealBook>();

export function sealBookFor(env: Environment): SealBook {
  const known = books.get(env) ?? new SealBook(sealPlaces(env));
  books.set(env, known);
  return known;
}
