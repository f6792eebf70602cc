/** Agent output → its sections and what is wrong with it, as the site would read it. */

import { keepsAscii } from './encodings.ts';
import { findLostPiggyback, type Lookalike } from './lookalikes.ts';
import { MarkerProblems } from './marker-problems.ts';
import type { MarkerRule } from './messages.ts';
import { readHostName } from './piggybacked-host.ts';
import { limits, type Problem, severityOf } from './problems.ts';
import type { HeaderOptions, SectionHeader } from './section-header.ts';
import { isPiggyback, type State, type Step, walkMarkers } from './states.ts';

/** The host that the site gives a section to. */
export type Owner =
  | { readonly kind: 'main' }
  | { readonly kind: 'piggybacked'; readonly host: string }
  /** In a piggyback block without a usable host name. */
  | { readonly kind: 'ignored' };

/**
 * One header and the rows below it, as byte offsets into the output. A header that comes again
 * makes another section; the site puts sections of one name and owner together.
 */
export interface Section {
  readonly name: string;
  readonly options: HeaderOptions;
  readonly owner: Owner;
  /** Where the header's line begins. */
  readonly start: number;
  /** Where the header's line ends and the rows begin. */
  readonly bodyStart: number;
  /**
   * Where the rows end. Between them the main host's own name in a piggyback header may stand,
   * which changes nothing there.
   */
  readonly end: number;
}

/** What there is to know of an output beside its sections. */
export interface Overview {
  /** Whether the site gives any section to a host. */
  readonly hasSections: boolean;
  /** Whether the main host has a section check_mk. */
  readonly hasCheckMk: boolean;
  /** The translated names in the order they first appear; at most `limits.piggybackedHosts`. */
  readonly piggybackedHosts: readonly string[];
  /** Where the first marker begins, or the output ends. The site drops everything before it. */
  readonly preambleEnd: number;
  /** Broken rules that a line shows; rules.ts has those of the output as a whole. */
  readonly problems: readonly Problem[];
  /** How many more problems there are than `problems` holds. */
  readonly omittedProblems: number;
}

export interface ParsedOutput extends Overview {
  /** In the order of the output; at most `limits.sections`. */
  readonly sections: readonly Section[];
}

/**
 * Reads agent output by the site's state table (agent-output.md#states). Never throws; copies no
 * rows.
 *
 * @param host the host being checked, as parseHostName accepts it: a piggyback header with its
 * name leads back to it. Without it, that rule rests.
 */
export function parseAgentOutput(output: Buffer, host?: string): ParsedOutput {
  const sections: Section[] = [];
  return { ...readOutput(output, host, (section) => sections.push(section)), sections };
}

/** The same without the sections, of which large output has so many that they fill the memory. */
export function surveyAgentOutput(output: Buffer, host?: string): Overview {
  return readOutput(output, host, () => {});
}

type Keep = (section: Section) => void;

function readOutput(output: Buffer, host: string | undefined, keep: Keep): Overview {
  const recorder = new Recorder(output, host, keep);
  for (const step of walkMarkers(output, host)) recorder.record(step);
  return recorder.finish();
}

type OpenSection = Omit<Section, 'end'>;

class Recorder {
  readonly #output: Buffer;
  readonly #mainHost: string | undefined;
  readonly #keep: Keep;
  #sectionCount = 0;
  #hasSections = false;
  #hasCheckMk = false;
  readonly #hosts = new Set<string>();
  readonly #problems: MarkerProblems;
  #preambleEnd: number | undefined;
  #open: OpenSection | undefined;
  /** The header of the piggyback block that is open, as it was met. */
  #block: Step | undefined;

  constructor(output: Buffer, mainHost: string | undefined, keep: Keep) {
    this.#output = output;
    this.#mainHost = mainHost;
    this.#keep = keep;
    this.#problems = new MarkerProblems(output);
  }

  record(step: Step): void {
    const { meaning } = step.marker;
    if (meaning.kind === 'lookalike') {
      this.#recordLookalike(step, meaning.lookalike);
      return;
    }
    this.#problems.settle(step);
    this.#preambleEnd ??= step.marker.start;
    if (meaning.kind === 'header' || step.after.place !== 'main-section') {
      this.#closeSection(step.marker.start);
    }
    if (!isPiggyback(step.after)) this.#block = undefined;
    if (meaning.kind === 'header') this.#openSection(step, meaning.header);
    if (meaning.kind === 'invalid-header') this.#reportHeader(step, meaning.rule);
    if (meaning.kind === 'piggyback-header') this.#recordPiggybackHeader(step);
  }

  finish(): Overview {
    this.#problems.settle(undefined);
    this.#closeSection(this.#output.length);
    if (this.#block) this.#problems.reportLast(this.#block, 'open-piggyback');
    return {
      hasSections: this.#hasSections,
      hasCheckMk: this.#hasCheckMk,
      piggybackedHosts: [...this.#hosts],
      preambleEnd: this.#preambleEnd ?? this.#output.length,
      problems: this.#problems.recorded,
      omittedProblems: this.#problems.omitted,
    };
  }

  #openSection(step: Step, header: SectionHeader): void {
    const { marker, after } = step;
    if (header.doubt) this.#reportHeader(step, header.doubt);
    if (this.#sectionCount === limits.sections) {
      this.#problems.reportOnce(step, 'too-many-sections');
      return;
    }
    const owner = toOwner(after);
    if (owner.kind === 'piggybacked' && !keepsAscii(header.options.encoding)) {
      this.#problems.report(step, 'piggyback-encoding');
    }
    this.#open = {
      name: header.name,
      options: header.options,
      owner,
      start: marker.start,
      bodyStart: marker.nextLine,
    };
  }

  #closeSection(end: number): void {
    if (this.#open === undefined) return;
    const { name, owner } = this.#open;
    this.#sectionCount += 1;
    this.#hasSections ||= owner.kind !== 'ignored';
    this.#hasCheckMk ||= name === 'check_mk' && owner.kind === 'main';
    this.#keep({ ...this.#open, end });
    this.#open = undefined;
  }

  /** What makes a header invalid or doubtful may be the piggyback marker on its line. */
  #reportHeader(step: Step, rule: MarkerRule): void {
    const lost = findLostPiggyback(this.#output, step.marker.start, step.marker.end);
    const isGrave = severityOf(rule, { inPiggyback: isPiggyback(step.before) }) === 'error';
    if (lost === undefined || isGrave) this.#problems.report(step, rule);
    else this.#problems.suspect(step, lost, rule);
  }

  #recordLookalike(step: Step, lookalike: Lookalike): void {
    if (lookalike.kind === 'lost piggyback') {
      this.#problems.suspect(step, lookalike, lookalike.isSure ? 'glued-header' : undefined);
    } else {
      this.#problems.suspect(step, undefined, lookalikeRules[lookalike.kind]);
    }
  }

  #recordPiggybackHeader(step: Step): void {
    const { host, place } = step.after;
    if (isPiggyback(step.after)) this.#block = step;
    if (place === 'ignored-piggyback') this.#reportUnusable(step);
    if (host === undefined || this.#hosts.has(host)) return;
    if (this.#hosts.size === limits.piggybackedHosts) {
      this.#problems.reportOnce(step, 'too-many-hosts');
      return;
    }
    this.#hosts.add(host);
    if (host === this.#mainHost) this.#problems.report(step, 'main-host-in-piggyback');
    else if (this.#rawHost(step) !== host) this.#problems.report(step, 'odd-host-name');
  }

  #reportUnusable(step: Step): void {
    const isDirectory = /^\.{1,2}$/.test(this.#rawHost(step));
    this.#problems.report(step, isDirectory ? 'directory-as-host' : 'unusable-host-name');
  }

  #rawHost({ marker }: Step): string {
    return readHostName(this.#output.subarray(marker.start + 4, marker.end - 4));
  }
}

const lookalikeRules = {
  wrapped: 'wrapped-marker',
  'wrapped piggyback': 'wrapped-piggyback',
  glued: 'glued-header',
  damaged: 'damaged-header',
} as const;

const mainOwner: Owner = { kind: 'main' };
const ignoredOwner: Owner = { kind: 'ignored' };

function toOwner({ place, host }: State): Owner {
  if (host !== undefined) return { kind: 'piggybacked', host };
  return place === 'ignored-piggyback' ? ignoredOwner : mainOwner;
}
