/** Signs of the page: each has a shape of its own, so that nobody needs its colour. */

import type { HostState, Level } from '../model.ts';
import { type Content, h, type PageElement } from './element.ts';

export const stateWords: Readonly<Record<HostState, string>> = {
  faulty: 'faulty',
  silent: 'silent',
  never: 'never seen',
  grace: 'in grace',
  fresh: 'fresh',
};

/** In the order of the bar. */
export const statesInOrder: readonly HostState[] = ['fresh', 'grace', 'faulty', 'silent', 'never'];

/** A disc, half of one, a triangle, a square with a slit, a ring. */
const paths: Readonly<Record<HostState, string>> = {
  fresh: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z',
  grace: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 1.8v8.4a4.2 4.2 0 0 0 0-8.4z',
  faulty: 'M8 1.5 15 14H1z',
  silent: 'M2.5 2.5h11v11h-11zM5 7v2h6V7z',
  never: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
};

export function stateSign(state: HostState): PageElement {
  return sign(`sign is-${state}`, paths[state]);
}

/** Sign and word of a state. */
export function stateLabel(state: HostState): Content {
  return h('span', { class: `state is-${state}` }, stateSign(state), stateWords[state]);
}

const levelPaths: Readonly<Record<Level, string>> = {
  ok: paths.fresh,
  warn: 'M8 1 15 8 8 15 1 8z',
  bad: paths.faulty,
};
const levelWords: Readonly<Record<Level, string>> = { ok: 'fine', warn: 'warning', bad: 'bad' };

/** Sign of a level, with its word for those who do not see it. */
export function levelSign(level: Level): Content {
  return h(
    'span',
    { class: `level is-${level}` },
    sign('sign', levelPaths[level]),
    h('span', { class: 'unseen' }, `${levelWords[level]}: `),
  );
}

const letter = 'M4 3h11v10H4V3zm1.6 1.5 3.9 3.4 3.9-3.4zM0 5.2h3v1.5H0zm1 4h2v1.5H1z';

/** A letter on its way. */
export function mark(): PageElement {
  return sign('mark', letter);
}

/** The same as a file of its own, for the tab of the browser. */
export function icon(): PageElement {
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox: '0 0 16 16' };
  return h('svg', attributes, h('path', { fill: '#2f7fd6', 'fill-rule': 'evenodd', d: letter }));
}

function sign(className: string, path: string): PageElement {
  const attributes = { class: className, viewBox: '0 0 16 16', 'aria-hidden': 'true' };
  return h('svg', attributes, h('path', { 'fill-rule': 'evenodd', d: path }));
}
