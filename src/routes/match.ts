/** Which route a host has. */

import type { HostName } from '../names/host-name.ts';
import type { Route, Routes } from './route.ts';

/** The first route that fits, or undefined when none does. */
export function findRoute(
  { routes }: Routes,
  host: HostName,
  tags: readonly string[],
): Route | undefined {
  return routes.find((route) => whyNot(route, host, tags) === undefined);
}

/** What keeps a host from a route; undefined when it fits. */
export function whyNot(route: Route, host: HostName, tags: readonly string[]): string | undefined {
  const { hosts, tags: conditions } = route;
  if (!hosts.names.has(host) && !hosts.fits(host)) return 'no pattern fits the name';
  const lacking = conditions.required.find((tag) => !tags.includes(tag));
  if (lacking !== undefined) return `the host lacks the tag ${lacking}`;
  const unwanted = conditions.forbidden.find((tag) => tags.includes(tag));
  return unwanted === undefined ? undefined : `the host has the tag ${unwanted}`;
}
