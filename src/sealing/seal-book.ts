/** All that a process knows of seals: enrolments, keys of the site, what was accepted last. */

import type { Environment } from '../cli/environment.ts';
import { News } from '../logging/news.ts';
import { AcceptedDrops } from './accepted.ts';
import { Enrolments } from './enrolments.ts';
import { sealPlaces } from './places.ts';
import { SiteKeys } from './site-keys.ts';

export class SealBook {
  readonly enrolments: Enrolments;
  readonly siteKeys: SiteKeys;
  readonly accepted: AcceptedDrops;
  /** What has been said of keys that expire. */
  readonly news = new News();

  constructor(env: Environment) {
    const places = sealPlaces(env);
    this.enrolments = new Enrolments(places);
    this.siteKeys = new SiteKeys(places);
    this.accepted = new AcceptedDrops(places);
  }
}

/** A process has one environment, and reads each enrolment once. */
const books = new WeakMap<Environment, SealBook>();

export function sealBookFor(env: Environment): SealBook {
  const known = books.get(env) ?? new SealBook(env);
  books.set(env, known);
  return known;
}
