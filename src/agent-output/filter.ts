/** Agent output → what of it may go on, under rules for piggyback and sections. */

import { CourierError, quote } from '../faults/errors.ts';
import { globMatcher } from '../names/glob.ts';
import { PartialCopy } from './partial-copy.ts';
import { lineAt, quoteBytes } from './problems.ts';
import {
  isPiggyback,
  nextState,
  type State,
  type Step,
  startState,
  walkMarkers,
} from './states.ts';
import { toMalformed } from './validator.ts';

/** What happens to piggyback. */
export type PiggybackRule =
  | { readonly kind: 'allow' | 'drop' | 'refuse' }
  /** Globs over translated host names; blocks of other hosts, and of unusable names, are dropped. */
  | { readonly kind: 'patterns'; readonly patterns: readonly string[] };

/** Names or globs of sections, whoever owns them. What is denied is never allowed. */
export interface SectionRule {
  /** Empty: everything that is not denied. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface FilterRules {
  readonly piggyback: PiggybackRule;
  readonly sections: SectionRule;
}

/**
 * Leaves out what the rules do not allow, so that the site reads exactly the rest: the state
 * table is followed for the input and, side by side, for what is kept. Kept sections keep their
 * bytes; when nothing is left out, the same buffer comes back. A block for the host itself is no
 * piggyback that rules are for, and becomes part of the host's own where nothing before it is kept.
 *
 * Invalid headers stay, with the effect the site gives them; requireForm is what refuses them
 * where they would leak.
 *
 * @throws CourierError MALFORMED when piggyback is there and refused; NO_OUTPUT when there were
 * sections and none is left
 */
export function filterOutput(output: Buffer, rules: FilterRules, host: string | undefined): Buffer {
  if (allowsEverything(rules)) return output;
  const isWanted = toSelection(rules, host);
  const kept = keepWanted(output, host, (step) => {
    if (rules.piggyback.kind === 'refuse' && isPiggyback(step.after)) throw refusal(output, step);
    return isWanted(step);
  });
  if (kept.sectionsBefore > 0 && kept.sections === 0) throw nothingLeft(rules, kept.sectionsBefore);
  return kept.output;
}

/** What is kept of an output, and how many sections it had and has. */
export interface Kept {
  readonly output: Buffer;
  readonly sectionsBefore: number;
  readonly sections: number;
}

/**
 * Leaves out every marker that is not wanted, and the text behind it, as {@link filterOutput} says.
 *
 * @param isWanted asked for every marker, in order; not for lookalikes
 */
export function keepWanted(
  output: Buffer,
  host: string | undefined,
  isWanted: (step: Step) => boolean,
): Kept {
  const copy = new PartialCopy(output);
  const count = { sectionsBefore: 0, sections: 0 };
  let kept = startState;
  for (const step of walkMarkers(output, host)) {
    const { marker } = step;
    if (marker.meaning.kind === 'lookalike') continue;
    const isSection = marker.meaning.kind === 'header';
    const isKept = isWanted(step);
    if (isSection) count.sectionsBefore += 1;
    if (isSection && isKept) count.sections += 1;
    if (isKept) kept = keep(copy, step, kept, host);
    else copy.leaveOut(marker.start);
  }
  return { output: copy.finish(), ...count };
}

/** Puts a wanted marker and the text behind it where it means the same as before. */
function keep(copy: PartialCopy, { marker, after }: Step, kept: State, host?: string): State {
  const replayed = nextState(kept, marker.meaning, host);
  if (isSame(replayed, after)) {
    copy.keep(marker.start);
    return after;
  }
  if (after.place === 'main-section') {
    copy.insert(closingMarker, marker.start);
    return after;
  }
  const isOwnName = marker.meaning.kind === 'piggyback-header' && kept.place === 'main-section';
  if (after.place === 'nowhere' || isOwnName) {
    // Its effect is there already, or would be another one; and the site drops the text anyway.
    copy.leaveOut(marker.start);
    return kept;
  }
  // A block for the host itself: as piggyback of its own or not, it is the host's.
  copy.keep(marker.start);
  return replayed;
}

const closingMarker = Buffer.from('<<<<>>>>\n');

function isSame(one: State, other: State): boolean {
  return one.place === other.place && one.host === other.host;
}

function refusal(output: Buffer, { marker, after }: Step): CourierError {
  const host = after.host ?? `the unusable name in ${quoteBytes(output, marker.start, marker.end)}`;
  return toMalformed({
    line: lineAt(output, marker.start),
    rule: 'piggyback-refused',
    severity: 'error',
    message: `there is piggyback for ${host}`,
  });
}

function nothingLeft({ sections }: FilterRules, count: number): CourierError {
  const bySections = sections.allow.length + sections.deny.length > 0;
  const [option, had] = [bySections ? '--sections' : '--piggyback', count === 1 ? '' : `s`];
  return new CourierError('NO_OUTPUT', `${option} leaves nothing of ${count} section${had}`);
}

function allowsEverything({ piggyback, sections }: FilterRules): boolean {
  return piggyback.kind === 'allow' && sections.allow.length + sections.deny.length === 0;
}

/** Whether a marker and the text behind it is wanted; to be asked for every marker, in order. */
function toSelection(
  { piggyback, sections }: FilterRules,
  mainHost: string | undefined,
): (step: Step) => boolean {
  const isHostWanted = toHostSelection(piggyback, mainHost);
  const isSectionWanted = toSectionSelection(sections);
  let inWantedSection = false;
  return ({ marker, after }) => {
    if (isPiggyback(after) && !isHostWanted(after.host)) return false;
    if (marker.meaning.kind === 'header') {
      inWantedSection = isSectionWanted(marker.meaning.header.name);
      return inWantedSection;
    }
    // Within a main section stays only the main host's own name: it belongs to the section.
    return after.place !== 'main-section' || inWantedSection;
  };
}

function toHostSelection(
  rule: PiggybackRule,
  mainHost: string | undefined,
): (host: string | undefined) => boolean {
  if (rule.kind === 'allow') return () => true;
  const isMatch = rule.kind === 'patterns' ? toMatcher(rule.patterns) : () => false;
  return (host) => host !== undefined && (host === mainHost || isMatch(host));
}

function toSectionSelection({ allow, deny }: SectionRule): (name: string) => boolean {
  const isAllowed = allow.length === 0 ? () => true : toMatcher(allow);
  const isDenied = toMatcher(deny);
  return (name) => isAllowed(name) && !isDenied(name);
}

function toMatcher(globs: readonly string[]): (name: string) => boolean {
  const matchers = globs.map(globMatcher);
  return (name) => matchers.some((matches) => matches(name));
}

/**
 * The texts of `--piggyback`: one of three words, or patterns of host names, separated by
 * commas or given one by one. Nothing given means allow.
 *
 * @throws CourierError USAGE
 */
export function parsePiggybackRule(texts: readonly string[]): PiggybackRule {
  const patterns = splitList(texts);
  if (patterns.length === 0) return { kind: 'allow' };
  const kind = piggybackWords.find((word) => patterns.includes(word));
  if (kind !== undefined && patterns.length === 1) return { kind };
  const wrong = kind ?? patterns.find((pattern) => !/^[\w.*?-]+$/.test(pattern));
  if (wrong === undefined) return { kind: 'patterns', patterns };
  throw new CourierError(
    'USAGE',
    kind === undefined
      ? `must be allow, drop, refuse or patterns of host names, not ${quote(wrong)}`
      : `must be either ${quote(kind)} or patterns of host names, not both`,
  );
}

const piggybackWords = ['allow', 'drop', 'refuse'] as const;

/**
 * The texts of `--sections`: names or globs, separated by commas or given one by one; `!` or `-`
 * in front denies. Only denials allow everything else.
 *
 * @throws CourierError USAGE
 */
export function parseSectionRule(texts: readonly string[]): SectionRule {
  const allow: string[] = [];
  const deny: string[] = [];
  for (const text of splitList(texts)) {
    const [, denies, glob] = /^([!-]?)([\w*?]+)$/.exec(text) ?? [];
    if (glob === undefined) {
      throw new CourierError('USAGE', `must be names of sections, not ${quote(text)}`);
    }
    (denies === '' ? allow : deny).push(glob);
  }
  return { allow, deny };
}

function splitList(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(',').map((part) => part.trim()));
}
