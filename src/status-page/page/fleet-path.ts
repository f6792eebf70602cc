/** Addresses of the page: what the fleet is asked for stands in its query. */

import type { FleetQuery } from '../model.ts';

/** What a link of the fleet changes of what is shown. */
export type FleetChange = Partial<FleetQuery>;

/**
 * Path and query of a fleet, relative to where the page is mounted: `/?state=faulty&page=2`. What
 * changes other than the page begins at the first page.
 */
export function fleetPath(query: FleetQuery, change: FleetChange = {}): string {
  const { states, group, within, search, sort, isDescending, page } = {
    ...query,
    page: 1,
    ...change,
  };
  const isPlainSort = sort === 'state' && !isDescending;
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['state', states.join(',')],
    ['group', group],
    ['within', group === undefined ? undefined : within],
    ['q', search],
    ['sort', isPlainSort ? undefined : `${isDescending ? '-' : ''}${sort}`],
    ['page', page === 1 ? undefined : String(page)],
  ];
  // An empty name is a group, too: that of the hosts that have none.
  const given = parameters.filter(
    ([name, value]) => value !== undefined && (value !== '' || name === 'within'),
  );
  const text = given.map(([name, value = '']) => `${name}=${encodeParameter(value)}`).join('&');
  return text === '' ? '/' : `/?${text}`;
}

/** Commas and slashes stay to be read. */
function encodeParameter(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(/%2C/g, ',').replace(/%2F/g, '/');
}

export function hostPath(host: string): string {
  return `/host/${encodeURIComponent(host.toWellFormed())}`;
}

/** A path relative to where the page is mounted, as an address. */
export function at(basePath: string, path: string): string {
  return `${basePath.replace(/\/$/, '')}${path}`;
}
