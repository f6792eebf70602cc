/** What the routes file says, checked: which sources a host has, and under which rules. */

import type { PiggybackRule, SectionRule } from '../agent-output/filter.ts';
import type { RawOptions } from '../cli/options.ts';
import type { HostName } from '../names/host-name.ts';

export interface Routes {
  readonly path: string;
  /** In the order of the file: the first that fits counts. */
  readonly routes: readonly Route[];
  readonly collector: CollectorSettings;
}

/** One route, with the file's defaults worked in. */
export interface Route {
  /** The name given to it, else its first pattern. */
  readonly name: string;
  /** The line where it begins in the file. */
  readonly line: number;
  readonly hosts: HostPatterns;
  readonly tags: TagConditions;
  readonly sources: readonly RouteSource[];
  /** Asked beside them; what they bring is added to the output of the first that has any. */
  readonly with: readonly RouteSource[];
  readonly settings: RouteSettings;
}

/** Names, globs and regular expressions. */
export interface HostPatterns {
  readonly texts: readonly string[];
  /** Patterns that are plain names: a collector knows these hosts without being asked. */
  readonly names: ReadonlySet<HostName>;
  /** Whether one of the other patterns fits all of a name. */
  fits(host: HostName): boolean;
}

/** All of them must fit. */
export interface TagConditions {
  readonly required: readonly string[];
  readonly forbidden: readonly string[];
}

export interface RouteSource {
  readonly uri: string;
  readonly line: number;
  /** The options of its transport, as on the command line. */
  readonly options: RawOptions;
  /** The timeout of this source alone. */
  readonly timeoutMs: number | undefined;
}

/**
 * How a fetch tells how the output came: as a local check, as a section for the plug-ins of our
 * package, or as both, which still make one service.
 */
export type ReportKind = 'none' | 'local' | 'section' | 'both';

export interface RouteSettings {
  readonly maxAgeMs: number;
  readonly maxSkewMs: number;
  readonly maxOutputBytes: number;
  readonly deadlineMs: number;
  /** The timeout of each source; undefined: an equal share of the remaining time. */
  readonly timeoutMs: number | undefined;
  readonly lenient: boolean;
  readonly strict: boolean;
  /** When output has to be sealed: as the host is enrolled, or always. */
  readonly seal: 'enrolled' | 'required';
  readonly pick: 'first' | 'freshest';
  /**
   * How old output from the spool may be when it stands in for failed sources; 0: none stands in.
   */
  readonly graceMs: number;
  readonly piggyback: PiggybackRule;
  readonly sections: SectionRule;
  readonly report: ReportKind;
  /** How often a collector asks; undefined: never. */
  readonly everyMs: number | undefined;
  /** The network a collector of a pool has to reach; undefined: any of them asks. */
  readonly pool: string | undefined;
  /** `passphraseFile` or `passphraseId`, as on the command line. */
  readonly secrets: RawOptions;
}

export interface CollectorSettings {
  /** How many fetches may run at a time. */
  readonly concurrency: number;
  /** How many fetches may run at a time from one peer that serves several hosts. */
  readonly perPeer: number;
  /** A file with more hosts. */
  readonly hostList: string | undefined;
}
