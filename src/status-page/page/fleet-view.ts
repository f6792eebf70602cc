/** The fleet: how many hosts are how, and a page of them, the worst first. */

import { type FleetDocument, type FleetQuery, groupings, type HostState } from '../model.ts';
import { type Content, h } from './element.ts';
import { groupsOf } from './fleet-groups.ts';
import { at, fleetPath } from './fleet-path.ts';
import { tableOf } from './fleet-table.ts';
import { formatCount } from './format.ts';
import { link, partsOf, type Scope, troublesOf } from './scope.ts';
import { totalsOf } from './totals.ts';

export function fleetView(document: FleetDocument, scope: Scope): Content {
  const { hostCount, query, parts } = document;
  return [
    troublesOf(parts, scope),
    h(
      'div',
      { class: 'headline', key: 'headline' },
      h('h1', {}, formatCount(hostCount), hostCount === 1 ? ' host' : ' hosts'),
      filtersOf(query, scope),
    ),
    totalsOf(document, scope),
    groupsOf(document, scope),
    tableOf(document, scope),
    pagerOf(document, scope),
    partsOf(parts, scope),
  ];
}

/** What a person has to look after. */
const lacking: readonly HostState[] = ['faulty', 'silent', 'never'];

function filtersOf(query: FleetQuery, scope: Scope): Content {
  const isLacking =
    query.states.length === lacking.length &&
    lacking.every((state) => query.states.includes(state));
  return h(
    'div',
    { class: 'filters' },
    link(
      scope,
      fleetPath(query, { states: isLacking ? [] : lacking }),
      { class: 'chip', 'aria-current': isLacking ? 'true' : undefined },
      'Only without output',
    ),
    groupingsOf(query, scope),
    searchOf(query, scope),
  );
}

function groupingsOf(query: FleetQuery, scope: Scope): Content {
  const choices = [undefined, ...groupings].map((group) =>
    link(
      scope,
      fleetPath(query, { group, within: undefined }),
      { key: group ?? 'none', 'aria-current': query.group === group ? 'true' : undefined },
      group ?? 'none',
    ),
  );
  return h(
    'div',
    { class: 'choice', role: 'group', 'aria-label': 'Group hosts by' },
    h('span', { 'aria-hidden': 'true' }, 'Group by'),
    choices,
  );
}

/** A form of its own: without JavaScript it is sent. What else is asked for goes with it. */
function searchOf(query: FleetQuery, { basePath }: Scope): Content {
  const others = new URLSearchParams(fleetPath(query, { search: '' }).slice(2));
  return h(
    'form',
    { class: 'search', role: 'search', method: 'get', action: at(basePath, '/') },
    [...others].map(([name, value]) => h('input', { key: name, type: 'hidden', name, value })),
    h('input', {
      type: 'search',
      name: 'q',
      id: 'search',
      value: query.search,
      placeholder: 'Search hosts',
      'aria-label': 'Search hosts by part of the name, or by a pattern with * and ?',
      'aria-keyshortcuts': '/',
      autocomplete: 'off',
      spellcheck: 'false',
      maxlength: 200,
    }),
    h('kbd', { 'aria-hidden': 'true' }, '/'),
    h('button', { type: 'submit' }, 'Search'),
  );
}

function pagerOf({ query, matching, pages, perPage }: FleetDocument, scope: Scope): Content {
  const { page } = query;
  const from = (page - 1) * perPage + 1;
  const to = Math.min(matching, page * perPage);
  if (matching === 0) return false;
  const turn = (other: number, rel: string, text: string) =>
    other < 1 || other > pages
      ? h('span', { class: 'turn is-off', 'aria-hidden': 'true' }, text)
      : link(scope, fleetPath(query, { page: other }), { class: 'turn', rel }, text);
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages of hosts' },
    turn(page - 1, 'prev', '‹ Previous'),
    h('span', {}, `${formatCount(from)}–${formatCount(to)} of ${formatCount(matching)}`),
    turn(page + 1, 'next', 'Next ›'),
  );
}
