/** What views know beside their document. */

import type { Part } from '../model.ts';
import { type Content, h } from './element.ts';
import { at } from './fleet-path.ts';
import { ageOf, whenOf } from './format.ts';

export interface Scope {
  /** Where the page is mounted. */
  readonly basePath: string;
  /** The time of the server at this moment: ages count by it. */
  readonly nowMs: number;
}

/** A link within the page; the client follows it without a new page. */
export function link(
  { basePath }: Scope,
  path: string,
  attributes: Readonly<Record<string, string | undefined>>,
  ...children: readonly Content[]
): Content {
  return h('a', { href: at(basePath, path), ...attributes }, ...children);
}

/** Which part does not answer or has trouble, ahead of all else: what is below may be old. */
export function troublesOf(parts: readonly Part[], { nowMs }: Scope): Content {
  const ailing = parts.filter(
    ({ state, troubles, notices = [] }) =>
      state === 'ailing' || troubles.length + notices.length > 0,
  );
  return ailing.map(({ name, troubles, notices = [], heardAtMs, state }) =>
    h(
      'div',
      { class: 'trouble', key: name, role: 'note' },
      h('strong', {}, `The ${name} ${state === 'ailing' ? 'has trouble' : 'reports'}`),
      heardAtMs === undefined || state === 'well'
        ? false
        : [', it last answered ', whenOf(heardAtMs, nowMs)],
      troubles.map((trouble, index) => h('p', { key: String(index) }, trouble)),
      notices.map(({ text, sinceMs }, index) =>
        h(
          'p',
          { key: `notice-${index}` },
          text,
          sinceMs !== undefined && [' (for ', ageOf(sinceMs, nowMs), ')'],
        ),
      ),
    ),
  );
}

/** The foot of every view: which parts are shown. */
export function partsOf(parts: readonly Part[], { nowMs }: Scope): Content {
  if (parts.length === 0) return false;
  return h(
    'ul',
    { class: 'parts', 'aria-label': 'Parts of the program' },
    parts.map(({ name, state, version, startedAtMs }) =>
      h(
        'li',
        { key: name, class: `part is-${state}` },
        h('b', {}, name),
        state === 'absent' ? ' does not run here' : [' ', version],
        startedAtMs === undefined || state === 'absent'
          ? false
          : [', started ', whenOf(startedAtMs, nowMs)],
        state === 'ailing' && ', has trouble',
      ),
    ),
  );
}
