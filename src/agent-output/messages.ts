/** What to say about a marker that breaks a rule. */

import { limits } from './problems.ts';
import type { InvalidHeaderRule } from './section-header.ts';
import type { State } from './states.ts';

/** The rules a single marker can break. */
export type MarkerRule =
  | InvalidHeaderRule
  | 'piggyback-encoding'
  | 'too-many-sections'
  | 'too-many-hosts'
  | 'unusable-host-name'
  | 'main-host-in-piggyback';

/** @param quoted the marker, as messages show it */
export function toMessage(rule: MarkerRule, quoted: string, before: State): string {
  switch (rule) {
    case 'piggyback-encoding':
      return `piggybacked section ${quoted} has an encoding that hides its stored header`;
    case 'too-many-sections':
      return `more than ${limits.sections} sections; ${quoted} is one too many`;
    case 'too-many-hosts':
      return `more than ${limits.piggybackedHosts} piggybacked hosts; ${quoted} is one too many`;
    case 'unusable-host-name':
      return `no usable host name in ${quoted}; the site ignores what follows`;
    case 'main-host-in-piggyback':
      return `${quoted} after a piggybacked section is no way back: what follows is piggyback`;
    default:
      return `invalid section header ${quoted}${describeLeak(before)}`;
  }
}

/** An invalid header ends a piggyback block without anybody meaning it (agent-output.md#states). */
function describeLeak({ place, host }: State): string {
  if (place === 'ignored-piggyback') return ' lets ignored piggyback pass for the host itself';
  return host === undefined ? '' : ` lets piggyback of ${host} pass for the host itself`;
}
