/** Agent output → what of it may go on, under rules for piggyback and sections. */

import { CourierError, quote } from '../faults/errors.ts';
import { globMatcher } from '../names/glob.ts';
import { PartialCopy } from './partial-copy.ts';
import { lineAt, quoteBytes } from './problems.ts';
import { nextState, type State, type Step, startState, walkMarkers } from './states.ts';
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
 * bytes; when nothing is left out, the same buffer comes back.
 *
 * Invalid headers stay, with the effect the site gives them; requireForm is what refuses them.
 *
 * @throws CourierError MALFORMED when piggyback is there and refused, or when a block for the
 * host itself would change its meaning without the piggybacked section before it
 */
export function filterOutput(output: Buffer, rules: FilterRules, host: string | undefined): Buffer {
  if (allowsEverything(rules)) return output;
  const isWanted = toSelection(rules);
  const copy = new PartialCopy(output);
  let kept = startState;
  for (const step of walkMarkers(output, host)) {
    const { marker, after } = step;
    if (rules.piggyback.kind === 'refuse' && isPiggyback(after)) throw refusal(output, step);
    const replayed = nextState(kept, marker.meaning, host);
    if (!isWanted(step)) {
      copy.leaveOut(marker.start);
    } else if (isSame(replayed, after)) {
      copy.keep(marker.start);
      kept = after;
    } else if (after.place === 'main-section') {
      copy.insert(closingMarker, marker.start);
      kept = after;
    } else if (after.place === 'nowhere') {
      // Without effect here, but not behind what is kept; and the site drops the text anyway.
      copy.leaveOut(marker.start);
    } else {
      throw changedMeaning(output, step);
    }
  }
  return copy.finish();
}

const closingMarker = Buffer.from('<<<<>>>>\n');

function isPiggyback({ place }: State): boolean {
  return place !== 'nowhere' && place !== 'main-section';
}

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

/** Only behind a piggybacked section does the main host's own name open a block. */
function changedMeaning(output: Buffer, { marker }: Step): CourierError {
  const quoted = quoteBytes(output, marker.start, marker.end);
  return toMalformed({
    line: lineAt(output, marker.start),
    rule: 'piggyback-of-itself',
    severity: 'error',
    message: `${quoted} would change its meaning without the piggybacked section before it`,
  });
}

function allowsEverything({ piggyback, sections }: FilterRules): boolean {
  return piggyback.kind === 'allow' && sections.allow.length + sections.deny.length === 0;
}

/** Whether a marker and the text behind it is wanted; to be asked for every marker, in order. */
function toSelection({ piggyback, sections }: FilterRules): (step: Step) => boolean {
  const isHostWanted = toHostSelection(piggyback);
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

function toHostSelection(rule: PiggybackRule): (host: string | undefined) => boolean {
  if (rule.kind !== 'patterns') return () => rule.kind === 'allow';
  const isMatch = toMatcher(rule.patterns);
  return (host) => host !== undefined && isMatch(host);
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
