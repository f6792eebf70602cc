/** What each view of the page is answered with in the story. */

import {
  type Document,
  type FleetQuery,
  type HostState,
  sortings,
} from '../../../src/status-page/model.ts';
import { storyFleet, storyRows } from './story.ts';
import { storyHost } from './story-host.ts';
import { storyOperations } from './story-operations.ts';

/** @param view path and query; undefined is answered for hosts that are not there */
export function documentOf(view: string): Document | undefined {
  const { pathname, searchParams } = new URL(view, 'http://page');
  if (pathname === '/operations') return storyOperations();
  const host = pathname.match(/^\/host\/(.+)$/)?.[1];
  if (host !== undefined) {
    const row = storyRows.find((one) => one.host === host);
    return row && storyHost(row.state, row.host);
  }
  const one = <Name extends string>(name: Name, key: string) =>
    searchParams.has(key) ? { [name]: searchParams.get(key) ?? '' } : {};
  const sort = searchParams.get('sort') ?? '';
  const query: Partial<FleetQuery> = {
    ...{ states: toStates(searchParams.get('state')), search: searchParams.get('q') ?? '' },
    ...{ isDescending: sort.startsWith('-') },
    ...one('group', 'group'),
    ...one('within', 'within'),
    ...{ sort: sortings.find((one) => one === sort.replace('-', '')) ?? 'state' },
  };
  return storyFleet(query);
}

function toStates(text: string | null): readonly HostState[] {
  const states: readonly HostState[] = ['faulty', 'silent', 'never', 'grace', 'fresh'];
  return states.filter((state) => text?.split(',').includes(state));
}
