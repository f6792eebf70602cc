/** What to say about a marker that breaks a rule. */

import { limits } from './problems.ts';
import type { HeaderDoubt, InvalidHeaderRule } from './section-header.ts';
import type { State } from './states.ts';

/** The rules a single marker can break. */
export type MarkerRule =
  | InvalidHeaderRule
  | HeaderDoubt
  | 'piggyback-encoding'
  | 'too-many-sections'
  | 'too-many-hosts'
  | 'unusable-host-name'
  | 'odd-host-name'
  | 'directory-as-host'
  | 'main-host-in-piggyback'
  | 'wrapped-marker'
  | 'wrapped-piggyback'
  | 'damaged-header'
  | 'lost-piggyback'
  | 'open-piggyback';

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
    case 'odd-host-name':
      return `${quoted} names a host that some versions of the site ignore, and others call otherwise`;
    case 'directory-as-host':
      return `${quoted} names a directory, and older versions of the site take it for one`;
    case 'main-host-in-piggyback':
      return `${quoted} after a piggybacked section is no way back: what follows is piggyback`;
    case 'open-piggyback':
      return `the piggyback block of ${before.host ?? 'an unusable name'} is not closed at the end`;
    default:
      return toHeaderMessage(rule, quoted, before);
  }
}

type HeaderRule = Exclude<MarkerRule, HostRule>;
type HostRule =
  | 'piggyback-encoding'
  | 'too-many-sections'
  | 'too-many-hosts'
  | 'unusable-host-name'
  | 'odd-host-name'
  | 'directory-as-host'
  | 'main-host-in-piggyback'
  | 'open-piggyback';

function toHeaderMessage(rule: HeaderRule, quoted: string, before: State): string {
  switch (rule) {
    case 'unclosed-option':
      return `an option in ${quoted} lacks its bracket, which older versions of the site refuse${describeLeak(before)}`;
    case 'glued-header':
      return `a section header shares its line with other text: ${quoted}`;
    case 'damaged-header':
      return `${quoted} lacks brackets of a section header`;
    case 'wrapped-marker':
      return `white space around ${quoted}, which versions of the site read differently${describeLeak(before)}`;
    case 'wrapped-piggyback':
      return `white space around ${quoted}, which versions of the site read for different hosts`;
    case 'lost-piggyback':
      return `no piggyback marker by itself: ${quoted}; what follows would be of another host`;
    case 'unknown-encoding':
      return `${quoted} has an encoding that ends the parse of the site`;
    default:
      return `invalid section header ${quoted}${describeLeak(before)}`;
  }
}

/** An invalid header ends a piggyback block without anybody meaning it (agent-output.md#states). */
function describeLeak({ place, host }: State): string {
  if (place === 'ignored-piggyback') return ' lets ignored piggyback pass for the host itself';
  return host === undefined ? '' : ` lets piggyback of ${host} pass for the host itself`;
}
