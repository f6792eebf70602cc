/** Where enrolments, and the drops that were accepted last, are kept. */

import { isAbsolute, join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { findConfiguration } from '../system/configuration-place.ts';

export interface SealPlaces {
  /** Enrolments, one file a host or pattern. */
  readonly hosts: string;
  /** Shared secrets, by their ids. */
  readonly secrets: string;
  /** Private keys of the site, the newest named last. */
  readonly siteKeys: string;
  /** For each host the drop that was accepted last. */
  readonly accepted: string;
  /** Held while an enrolment is changed. */
  readonly lock: string;
  /** All of the above but `accepted`. */
  readonly directory: string;
}

/** The site's, else the user's where there are any, else the system's. */
export function sealPlaces(env: Environment): SealPlaces {
  const directory = findConfiguration('seals', env);
  return {
    directory,
    hosts: join(directory, 'hosts'),
    secrets: join(directory, 'secrets'),
    siteKeys: join(directory, 'site-keys'),
    lock: join(directory, '.lock'),
    accepted: join(findState(env), 'cmk-courier/seals'),
  };
}

/** A relative path of XDG is to be ignored: XDG Base Directory Specification. */
function findState({ OMD_ROOT: site, XDG_STATE_HOME: state, HOME: home }: Environment): string {
  if (site) return join(site, 'var');
  if (state && isAbsolute(state)) return state;
  return home ? join(home, '.local/state') : '/var/lib';
}
