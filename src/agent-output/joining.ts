/**
 * The outputs of several sources of one host → one, which the site reads as it would read each by
 * itself.
 */

import { keepWanted } from './filter.ts';
import { areRowsReadable, findLocalServices, leaveOutKnown } from './local-rows.ts';
import type { SectionHeader } from './section-header.ts';
import { isPiggyback, type State, type Step, startState, walkMarkers } from './states.ts';

/** What of an output is added to another. */
export interface Addition {
  /** What goes out, with all that has to stand in front of it. Empty when nothing is added. */
  readonly output: Buffer;
  /** How many sections it has. */
  readonly sections: number;
  /**
   * What was there before, and is not added: `df`, `df of vm01`, `local check "Disk"`. Each once, in
   * the order of the output.
   */
  readonly left: readonly string[];
}

/**
 * Sections whose rows are each a thing of their own: the site may put those of two outputs together.
 * Of all others it would take the rows of one source for those of the other.
 */
const ofOwnRows: readonly string[] = ['local', 'labels', 'cmk_courier_agent'];

/** In which an output says what brought it: the first output says so for all, and that is no loss. */
const aboutItself: readonly string[] = ['check_mk', 'cmk_courier'];

/**
 * Adds outputs to that of the first source of a host. Of a section that is there already, of the
 * same host, the first one counts; rows of `local` are added, except those of a service that is
 * there already, since the site would take the last one (agent-output.md#local-checks).
 */
export class Joining {
  readonly #host: string;
  /** Sections that are there, by owner and name: whether rows may be put behind theirs. */
  readonly #known = new Map<string, boolean>();
  readonly #services = new Set<string>();
  #last: Buffer;

  constructor(first: Buffer, host: string) {
    this.#host = host;
    this.#last = first;
    this.#learn(first);
  }

  add(added: Buffer): Addition {
    const left = new Set<string>();
    const rows = leaveOutKnown(added, this.#host, this.#services);
    for (const service of rows.services) left.add(`local check "${service}"`);
    const kept = keepWanted(rows.output, this.#host, this.#toSelection(left));
    const all = { sections: kept.sections, left: [...left] };
    if (kept.sections === 0) return { output: Buffer.alloc(0), ...all };
    const output = Buffer.concat([toClosing(this.#last, this.#host), kept.output]);
    this.#learn(kept.output);
    this.#last = kept.output;
    return { output, ...all };
  }

  #learn(output: Buffer): void {
    for (const { marker, after } of walkMarkers(output, this.#host)) {
      if (marker.meaning.kind !== 'header') continue;
      const { header } = marker.meaning;
      const key = this.#keyOf(header, after);
      this.#known.set(key, this.#known.get(key) !== false && isJoinable(header));
    }
    for (const name of findLocalServices(output, this.#host)) this.#services.add(name);
  }

  /** To be asked for every marker, in order. */
  #toSelection(left: Set<string>): (step: Step) => boolean {
    let inWanted = false;
    return ({ marker, after }) => {
      if (marker.meaning.kind === 'header') {
        const { header } = marker.meaning;
        inWanted = this.#isNew(header, after);
        const isQuiet = inWanted || aboutItself.includes(header.name);
        if (!isQuiet) left.add(describe(header, after, this.#host));
        return inWanted;
      }
      // Within a main section stays only the main host's own name: it belongs to the section.
      return after.place !== 'main-section' || inWanted;
    };
  }

  #isNew(header: SectionHeader, after: State): boolean {
    if (header.name === 'cmk_courier' && !isOfOther(after, this.#host)) return false;
    if (after.place === 'ignored-piggyback') return true;
    const known = this.#known.get(this.#keyOf(header, after));
    return known === undefined || (known && isJoinable(header));
  }

  #keyOf({ name }: SectionHeader, after: State): string {
    return `${isOfOther(after, this.#host) ? after.host : ''} ${name}`;
  }
}

/**
 * Whether rows of two sections with such headers may be put together. An age or a life is kept once
 * for a section, and would become that of both.
 */
function isJoinable({ name, options }: SectionHeader): boolean {
  const isPlain = options.cached === undefined && options.persistUntil === undefined;
  return ofOwnRows.includes(name) && isPlain && areRowsReadable(options);
}

/** A block with the host's own name is the host's. */
function isOfOther(state: State, host: string): boolean {
  return isPiggyback(state) && state.host !== host;
}

function describe({ name }: SectionHeader, after: State, host: string): string {
  return isOfOther(after, host) ? `${name} of ${after.host}` : name;
}

const lineFeed = 0x0a;

/** What ends an output so that nothing behind it is taken for a part of it. */
function toClosing(output: Buffer, host: string): Buffer {
  let last = startState;
  for (const { after } of walkMarkers(output, host)) last = after;
  const lineEnd = output.at(-1) === lineFeed ? '' : '\n';
  if (isPiggyback(last)) return Buffer.from(`${lineEnd}<<<<>>>>\n`);
  return Buffer.from(`${lineEnd}${last.place === 'main-section' ? '<<<>>>\n' : ''}`);
}
