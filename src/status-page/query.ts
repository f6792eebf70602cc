/** What the URL of the fleet asks for. */

import {
  type FleetQuery,
  groupings,
  type HostState,
  hostStates,
  type Sorting,
  sortings,
} from './model.ts';

/** Longer ones find nothing that shorter ones do not; names of hosts have at most 240 characters. */
const longestText = 240;
const mostPages = 1_000_000;

/** Never throws: what it does not understand is left out. */
export function parseFleetQuery(search: URLSearchParams): FleetQuery {
  const group = oneOf(groupings, search.get('group') ?? '');
  const within = search.get('within')?.slice(0, longestText);
  const sort = search.get('sort') ?? '';
  const isDescending = sort.startsWith('-');
  return {
    states: parseStates(search.get('state') ?? ''),
    ...(group === undefined ? {} : { group }),
    ...(group === undefined || within === undefined ? {} : { within }),
    search: (search.get('q') ?? '').trim().slice(0, longestText).toLowerCase(),
    sort: oneOf(sortings, isDescending ? sort.slice(1) : sort) ?? 'state',
    isDescending,
    page: parsePage(search.get('page') ?? ''),
  };
}

function parseStates(text: string): readonly HostState[] {
  const named = new Set(text.split(',').slice(0, hostStates.length * 2));
  const states = hostStates.filter((state) => named.has(state));
  return states.length === hostStates.length ? [] : states;
}

function parsePage(text: string): number {
  const page = /^\d{1,7}$/.test(text) ? Number(text) : 1;
  return Math.min(Math.max(1, page), mostPages);
}

function oneOf<Word extends string>(words: readonly Word[], text: string): Word | undefined {
  return words.find((word) => word === text);
}

/** One text for all URLs that ask for the same. */
export function toFleetKey(query: FleetQuery): string {
  const search = new URLSearchParams();
  const { states, group, within, search: text, sort, isDescending, page } = query;
  if (states.length > 0) search.set('state', states.join(','));
  if (group !== undefined) search.set('group', group);
  if (within !== undefined) search.set('within', within);
  if (text !== '') search.set('q', text);
  if (sort !== 'state' || isDescending) search.set('sort', toSort(sort, isDescending));
  if (page > 1) search.set('page', String(page));
  const asked = search.toString();
  return asked === '' ? '' : `?${asked}`;
}

function toSort(sort: Sorting, isDescending: boolean): string {
  return isDescending ? `-${sort}` : sort;
}
