/** Groups of the fleet: which there are, how they are, and which one is looked at. */

import type { FleetDocument, Group, Grouping, HostRow } from '../model.ts';
import { type Content, h } from './element.ts';
import { fleetPath } from './fleet-path.ts';
import { formatCount } from './format.ts';
import { link, type Scope } from './scope.ts';
import { stateSign, statesInOrder, stateWords } from './symbols.ts';
import { smallBar } from './totals.ts';

/** The words for hosts that have nothing of the kind. */
const without: Readonly<Record<Grouping, string>> = {
  route: 'without a route',
  source: 'without a source',
  fault: 'without a fault',
  folder: 'without a folder',
};

export function groupTitle(grouping: Grouping, name: string): string {
  return name === '' ? without[grouping] : name;
}

export function groupsOf(document: FleetDocument, scope: Scope): Content {
  const { query, groups, groupCount } = document;
  const { group, within } = query;
  if (group === undefined) return false;
  if (within !== undefined) {
    return h(
      'p',
      { class: 'within', key: 'within' },
      `Only ${group} `,
      h('b', {}, groupTitle(group, within)),
      link(scope, fleetPath(query, { within: undefined }), { class: 'chip' }, 'Show all groups'),
    );
  }
  if (groups.length === 0) return false;
  return h(
    'section',
    { class: 'groups', 'aria-label': `Groups by ${group}`, key: 'groups' },
    h(
      'ul',
      {},
      groups.map((one) => groupElement(one, document, scope)),
    ),
    groupCount > groups.length &&
      h('p', {}, `${formatCount(groupCount - groups.length)} further groups are not shown.`),
  );
}

function groupElement({ name, count, totals }: Group, { query }: FleetDocument, scope: Scope) {
  const { group = 'route' } = query;
  const present = statesInOrder.filter((state) => totals[state] > 0);
  return h(
    'li',
    { key: `group-${name}` },
    link(
      scope,
      fleetPath(query, { within: name }),
      { class: 'group' },
      h('b', {}, groupTitle(group, name)),
      h('span', { class: 'count' }, formatCount(count)),
      smallBar(totals),
      h(
        'span',
        { class: 'shares' },
        present.map((state) =>
          h(
            'span',
            { key: state, class: `is-${state}` },
            stateSign(state),
            formatCount(totals[state]),
            h('span', { class: 'unseen' }, ` ${stateWords[state]} `),
          ),
        ),
      ),
    ),
  );
}

/** The group a row stands in, as the server groups. */
export function groupOfRow(row: HostRow, grouping: Grouping): string {
  switch (grouping) {
    case 'route':
      return row.route ?? '';
    case 'source':
      return /^[\w+.-]+/.exec(row.source ?? '')?.[0] ?? '';
    case 'fault':
      return row.fault?.code ?? '';
    case 'folder':
      return row.folder ?? '';
  }
}
