/** Whether any host can reach a route, given the routes before it. */

import { isHostName } from '../names/host-name.ts';
import type { Route, TagConditions } from './route.ts';

/**
 * Finds an earlier route that takes all hosts of a later one, whatever their tags.
 *
 * @returns undefined when some host may still reach the route
 */
export function findCover(route: Route, before: readonly Route[]): Route | undefined {
  const rivals = before.filter((earlier) => isNoStricter(earlier.tags, route.tags));
  const covers = route.hosts.texts.map((text) => rivals.find((rival) => takesAll(rival, text)));
  return covers.every((rival) => rival !== undefined) ? covers[0] : undefined;
}

/** Whether every set of tags that fits the second route fits the first as well. */
function isNoStricter(one: TagConditions, other: TagConditions): boolean {
  return (
    one.required.every((tag) => other.required.includes(tag)) &&
    one.forbidden.every((tag) => other.forbidden.includes(tag))
  );
}

/** Whether a route takes every host that a pattern fits; false when that is not easy to see. */
function takesAll({ hosts }: Route, pattern: string): boolean {
  if (hosts.texts.includes(pattern)) return true;
  if (isHostName(pattern)) return hosts.names.has(pattern) || hosts.fits(pattern);
  return hosts.texts.some((text) => isWider(text, pattern));
}

/** Whether a glob takes all that another one takes, as `*` and `web*` take all of `web0?`. */
function isWider(wide: string, pattern: string): boolean {
  if (/^\*+$|^\/\.[*+]\/$/.test(wide)) return true;
  const [, start] = /^([^*?/]+)\*$/.exec(wide) ?? [];
  return start !== undefined && !pattern.startsWith('/') && pattern.startsWith(start);
}
