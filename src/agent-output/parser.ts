/** Agent output → its sections and what is wrong with it, as the site would read it. */

import { keepsHeaderReadable } from './encodings.ts';
import { type MarkerRule, toMessage } from './messages.ts';
import { limits, type Problem, ProblemList, quoteBytes } from './problems.ts';
import type { HeaderOptions, SectionHeader } from './section-header.ts';
import { type State, type Step, walkMarkers } from './states.ts';

/** Whom the site takes a section for. */
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

export interface ParsedOutput {
  /** In the order of the output; at most `limits.sections`. */
  readonly sections: readonly Section[];
  /** The translated names in the order they first appear; at most `limits.piggybackedHosts`. */
  readonly piggybackedHosts: readonly string[];
  /** Where the first marker begins, or the output ends. The site drops everything before it. */
  readonly preambleEnd: number;
  /** Broken rules that a line shows; rules.ts has those of the output as a whole. */
  readonly problems: readonly Problem[];
  /** How many more problems there are than `problems` holds. */
  readonly omittedProblems: number;
}

/**
 * Reads agent output by the site's state table (agent-output.md#states). Never throws; copies no
 * rows.
 *
 * @param host the host being checked, as parseHostName accepts it: a piggyback header with its
 * name leads back to it. Without it, that rule rests.
 */
export function parseAgentOutput(output: Buffer, host?: string): ParsedOutput {
  const recorder = new Recorder(output, host);
  for (const step of walkMarkers(output, host)) recorder.record(step);
  return recorder.finish();
}

type OpenSection = Omit<Section, 'end'>;

class Recorder {
  readonly #output: Buffer;
  readonly #mainHost: string | undefined;
  readonly #sections: Section[] = [];
  readonly #hosts = new Set<string>();
  readonly #problems: ProblemList;
  #preambleEnd: number | undefined;
  #open: OpenSection | undefined;

  constructor(output: Buffer, mainHost: string | undefined) {
    this.#output = output;
    this.#mainHost = mainHost;
    this.#problems = new ProblemList(output);
  }

  record(step: Step): void {
    const { marker, after } = step;
    this.#preambleEnd ??= marker.start;
    if (marker.meaning.kind === 'header') {
      this.#closeSection(marker.start);
      this.#openSection(step, marker.meaning.header);
    } else if (after.place !== 'main-section') {
      this.#closeSection(marker.start);
    }
    if (marker.meaning.kind === 'invalid-header') this.#report(step, marker.meaning.rule);
    if (marker.meaning.kind === 'piggyback-header') this.#recordPiggybackHeader(step);
  }

  finish(): ParsedOutput {
    this.#closeSection(this.#output.length);
    return {
      sections: this.#sections,
      piggybackedHosts: [...this.#hosts],
      preambleEnd: this.#preambleEnd ?? this.#output.length,
      problems: this.#problems.recorded,
      omittedProblems: this.#problems.omitted,
    };
  }

  #openSection(step: Step, header: SectionHeader): void {
    const { marker, after } = step;
    if (this.#sections.length === limits.sections) {
      this.#reportOnce(step, 'too-many-sections');
      return;
    }
    const owner = toOwner(after);
    if (owner.kind === 'piggybacked' && !keepsHeaderReadable(header.options.encoding)) {
      this.#report(step, 'piggyback-encoding');
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
    if (this.#open) this.#sections.push({ ...this.#open, end });
    this.#open = undefined;
  }

  #recordPiggybackHeader(step: Step): void {
    const { host, place } = step.after;
    if (place === 'ignored-piggyback') this.#report(step, 'unusable-host-name');
    if (host === undefined || this.#hosts.has(host)) return;
    if (this.#hosts.size === limits.piggybackedHosts) {
      this.#reportOnce(step, 'too-many-hosts');
      return;
    }
    this.#hosts.add(host);
    if (host === this.#mainHost) this.#report(step, 'main-host-in-piggyback');
  }

  #report(step: Step, rule: MarkerRule): void {
    const { start, end } = step.marker;
    this.#problems.add(rule, start, () =>
      toMessage(rule, quoteBytes(this.#output, start, end), step.before),
    );
  }

  #reportOnce(step: Step, rule: MarkerRule): void {
    if (!this.#problems.has(rule)) this.#report(step, rule);
  }
}

const mainOwner: Owner = { kind: 'main' };
const ignoredOwner: Owner = { kind: 'ignored' };

function toOwner({ place, host }: State): Owner {
  if (host !== undefined) return { kind: 'piggybacked', host };
  return place === 'ignored-piggyback' ? ignoredOwner : mainOwner;
}
