/** How many hosts are how: the bar over the fleet, and the small one of a group. */

import type { FleetDocument, HostState, Totals } from '../model.ts';
import { type Content, h } from './element.ts';
import { at, fleetPath } from './fleet-path.ts';
import { formatCount } from './format.ts';
import { link, type Scope } from './scope.ts';
import { stateSign, statesInOrder, stateWords } from './symbols.ts';

/** The least share of the bar, so that one host of 100,000 is seen and hit. */
const leastShare = 0.012;

interface Segment {
  readonly state: HostState;
  readonly count: number;
  /** Percent from the left. */
  readonly from: number;
  readonly width: number;
}

/** Side by side, each state by its share. */
function toSegments(totals: Totals): readonly Segment[] {
  const present = statesInOrder.filter((state) => totals[state] > 0);
  const all = present.reduce((sum, state) => sum + totals[state], 0);
  const shares = present.map((state) => Math.max(leastShare, totals[state] / all));
  const sum = shares.reduce((whole, share) => whole + share, 0);
  let from = 0;
  return present.map((state, index) => {
    const width = ((shares[index] ?? 0) / sum) * 100;
    const segment = { state, count: totals[state], from, width };
    from += width;
    return segment;
  });
}

/** A drawing of the totals; the numbers stand beside it as text. */
export function smallBar(totals: Totals): Content {
  return h(
    'svg',
    { class: 'bar is-small', 'aria-hidden': 'true' },
    toSegments(totals).map((segment) => rectangle(segment)),
  );
}

function rectangle({ state, from, width }: Segment): Content {
  return h('rect', {
    key: state,
    class: `is-${state}`,
    x: `${from.toFixed(2)}%`,
    width: `${width.toFixed(2)}%`,
    height: '100%',
  });
}

/** The bar and its numbers, each a link that shows only those; again, it shows all. */
export function totalsOf({ query, matchingTotals }: FleetDocument, scope: Scope): Content {
  const { states } = query;
  const isShown = (state: HostState) => states.length === 0 || states.includes(state);
  const isOnly = (state: HostState) => states.length === 1 && states[0] === state;
  const pathOf = (state: HostState) => fleetPath(query, { states: isOnly(state) ? [] : [state] });
  return h(
    'section',
    { class: 'totals', 'aria-label': 'Hosts by state' },
    h(
      'svg',
      { class: 'bar', 'aria-hidden': 'true' },
      toSegments(matchingTotals).map((segment) =>
        h(
          'a',
          {
            key: segment.state,
            href: at(scope.basePath, pathOf(segment.state)),
            tabindex: '-1',
            class: isShown(segment.state) ? undefined : 'is-off',
          },
          rectangle(segment),
        ),
      ),
    ),
    h(
      'ul',
      {},
      statesInOrder.map((state) =>
        h(
          'li',
          { key: state },
          link(
            scope,
            pathOf(state),
            {
              class: `total is-${state}${isShown(state) ? '' : ' is-off'}`,
              'aria-current': isOnly(state) ? 'true' : undefined,
            },
            stateSign(state),
            h('b', {}, formatCount(matchingTotals[state])),
            h('span', {}, stateWords[state]),
          ),
        ),
      ),
    ),
  );
}
