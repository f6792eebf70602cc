/** Whether hosts can come to a route, given those before it. */

import { isHostName } from '../names/host-name.ts';
import type { Route, TagConditions } from './route.ts';

/**
 * A route ahead that takes hosts of one behind it, whatever their tags.
 *
 * @returns undefined when some host may still come to the route
 */
export function findCover(route: Route, before: readonly Route[]): Route | undefined {
  const rivals = before.filter((earlier) => isNoStricter(earlier.tags, route.tags));
  const covers = route.hosts.texts.map((text) => rivals.find((rival) => takesAll(rival, text)));
  return covers.every((rival) => rival !== undefined) ? covers[0] : undefined;
}

/** Whatever the tags of a host, it comes to the first if it would come to the second. */
function isNoStricter(one: TagConditions, other: TagConditions): boolean {
  return (
    one.required.every((tag) => other.required.includes(tag)) &&
    one.forbidden.every((tag) => other.forbidden.includes(tag))
  );
}

/** Whether a route takes every host that a pattern fits, as far as that is easy to see. */
function takesAll({ hosts }: Route, pattern: string): boolean {
  if (hosts.texts.includes(pattern)) return true;
  if (isHostName(pattern)) return hosts.names.has(pattern) || hosts.fits(pattern);
  return hosts.texts.some((text) => isWider(text, pattern));
}

/** `*` and `web*` take all that `web0?` does. */
function isWider(wide: string, pattern: string): boolean {
  if (/^\*+$|^\/\.[*+]\/$/.test(wide)) return true;
  const [, start] = /^([^*?/]+)\*$/.exec(wide) ?? [];
  return start !== undefined && !pattern.startsWith('/') && pattern.startsWith(start);
}
