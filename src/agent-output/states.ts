/** How the site reads agent output: the state table (agent-output.md#states). */

import { findMarkers, type Marker, type Meaning } from './markers.ts';

/** Where a line stands. Text is dropped everywhere but in the two sections. */
export type LinePlace =
  | 'nowhere'
  | 'main-section'
  | 'piggyback'
  | 'piggyback-section'
  | 'ignored-piggyback';

export interface State {
  readonly place: LinePlace;
  /** The piggybacked host, in the two piggyback places. */
  readonly host: string | undefined;
}

/** A marker, and the states around it. */
export interface Step {
  readonly marker: Marker;
  readonly before: State;
  readonly after: State;
}

/** What each marker leads to. Piggyback headers follow rule P below. */
const table = {
  nowhere: {
    header: 'main-section',
    'invalid-header': 'nowhere',
    footer: 'nowhere',
    'piggyback-footer': 'nowhere',
  },
  'main-section': {
    header: 'main-section',
    'invalid-header': 'nowhere',
    footer: 'nowhere',
    'piggyback-footer': 'nowhere',
  },
  piggyback: {
    header: 'piggyback-section',
    // The leak: what follows counts as the main host's.
    'invalid-header': 'nowhere',
    footer: 'piggyback',
    'piggyback-footer': 'nowhere',
  },
  'piggyback-section': {
    header: 'piggyback-section',
    'invalid-header': 'nowhere',
    footer: 'piggyback',
    'piggyback-footer': 'nowhere',
  },
  'ignored-piggyback': {
    header: 'ignored-piggyback',
    'invalid-header': 'nowhere',
    footer: 'ignored-piggyback',
    'piggyback-footer': 'nowhere',
  },
} as const satisfies Record<
  LinePlace,
  Record<Exclude<Meaning['kind'], 'piggyback-header' | 'lookalike'>, LinePlace>
>;

export const startState: State = { place: 'nowhere', host: undefined };
const mainSection: State = { place: 'main-section', host: undefined };
const ignoredPiggyback: State = { place: 'ignored-piggyback', host: undefined };

/** The state behind a marker. `mainHost` is the host being checked, where it is known. */
export function nextState(state: State, meaning: Meaning, mainHost: string | undefined): State {
  if (meaning.kind === 'lookalike') return state;
  if (meaning.kind === 'piggyback-header') return applyRuleP(state, meaning.host, mainHost);
  const place = table[state.place][meaning.kind];
  switch (place) {
    case 'nowhere':
      return startState;
    case 'main-section':
      return mainSection;
    case 'ignored-piggyback':
      return ignoredPiggyback;
    default:
      return { place, host: state.host };
  }
}

/** Whether what stands there is for another host than the one being checked. */
export function isPiggyback({ place }: State): boolean {
  return place !== 'nowhere' && place !== 'main-section';
}

/** From within a piggybacked section, not even the main host's own name leads back to it. */
function applyRuleP(state: State, named: string | undefined, mainHost: string | undefined): State {
  if (named === undefined) return ignoredPiggyback;
  if (named === mainHost && state.place !== 'piggyback-section') {
    return state.place === 'main-section' ? mainSection : startState;
  }
  return { place: 'piggyback', host: named };
}

/** Goes through all markers of an output. */
export function* walkMarkers(output: Buffer, mainHost: string | undefined): Generator<Step> {
  let before = startState;
  for (const marker of findMarkers(output)) {
    const after = nextState(before, marker.meaning, mainHost);
    yield { marker, before, after };
    before = after;
  }
}
