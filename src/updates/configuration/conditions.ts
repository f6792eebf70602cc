/**
 * Conditions of a rule or a stage. A host must fit every one of them. What is not known of a host fits
 * nothing, not even with `!` in front: nobody is chosen blindly.
 */

import type { HostName } from '../../names/host-name.ts';
import { parseHostPatterns } from '../../routes/patterns.ts';

/** A host as far as it is known. */
export interface ChosenHost {
  readonly host: HostName;
  /** Undefined: not known. */
  readonly tags: readonly string[] | undefined;
  /** Such as `cmk/os_family:linux`. */
  readonly labels: readonly string[] | undefined;
  /** Such as `/servers/linux`; `/` is the uppermost. */
  readonly folder: string | undefined;
  /** The site that monitors it. */
  readonly site: string | undefined;
}

export const conditionKeys = ['hosts', 'groups', 'folders', 'sites', 'tags', 'labels'] as const;
export type ConditionKey = (typeof conditionKeys)[number];

/** One condition and a host. */
export interface ConditionResult {
  readonly condition: ConditionKey;
  /** As the file has it. */
  readonly wanted: string;
  /** Null: the host does not fit, since what is asked for is not known of it. */
  readonly holds: boolean | null;
  /** What the host has, or what keeps it. */
  readonly words: string;
}

export interface Condition {
  readonly key: ConditionKey;
  readonly wanted: string;
  test(host: ChosenHost): Pick<ConditionResult, 'holds' | 'words'>;
}

/** As they stand in the file. */
export type ConditionTexts = Readonly<Partial<Record<ConditionKey, readonly string[] | undefined>>>;

/** Hosts by their names, by patterns and by exceptions from them. */
export interface HostChoice {
  fits(host: HostName): boolean;
}

export type Groups = ReadonlyMap<string, HostChoice>;

interface Wanted {
  /** One of them must be there; any will do where there is none. */
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

/** Splits off what has `!` in front. */
function splitWanted(texts: readonly string[]): Wanted {
  return {
    positive: texts.filter((text) => !text.startsWith('!')),
    negative: texts.filter((text) => text.startsWith('!')).map((text) => text.slice(1)),
  };
}

/** @throws CourierError USAGE about one of them */
export function parseHostChoice(texts: readonly string[]): HostChoice {
  const { positive, negative } = splitWanted(texts);
  const [wanted, unwanted] = [parseHostPatterns(positive), parseHostPatterns(negative)];
  return {
    fits: (host) => {
      if (unwanted.names.has(host) || unwanted.fits(host)) return false;
      return positive.length === 0 || wanted.names.has(host) || wanted.fits(host);
    },
  };
}

/** In the order in which they are told; those that the file does not have are left out. */
export function toConditions(texts: ConditionTexts, groups: Groups): readonly Condition[] {
  return conditionKeys.flatMap((key) => {
    const given = texts[key];
    if (given === undefined) return [];
    return [{ key, wanted: given.join(', '), test: makers[key](given, groups) }];
  });
}

type Test = Condition['test'];

const makers: Readonly<Record<ConditionKey, (texts: readonly string[], groups: Groups) => Test>> = {
  hosts: (texts) => {
    const choice = parseHostChoice(texts);
    return ({ host }) =>
      choice.fits(host) ? yes('the name fits') : no('no pattern fits the name');
  },
  groups: (texts, groups) => {
    const { positive, negative } = splitWanted(texts);
    const isIn = (host: HostName) => (name: string) => groups.get(name)?.fits(host) === true;
    const which = positive.length === 1 ? 'the group' : 'one of';
    return ({ host }) => {
      const unwanted = negative.find(isIn(host));
      if (unwanted !== undefined) return no(`the host is in the group ${unwanted}`);
      if (positive.length === 0 || positive.some(isIn(host))) return yes('the groups fit');
      return no(`the host is not in ${which} ${positive.join(', ')}`);
    };
  },
  folders: (texts) => {
    const choice = splitWanted(texts.map(withoutEndingSlash));
    return ({ folder }) => {
      if (folder === undefined) return unknown('its folder is not known');
      const isBelow = (top: string) =>
        top === '/' || folder === top || folder.startsWith(`${top}/`);
      return oneOf(choice, isBelow, `the host is in the folder ${folder}`);
    };
  },
  sites: (texts) => {
    const choice = splitWanted(texts);
    return ({ site }) => {
      if (site === undefined) return unknown('its site is not known');
      return oneOf(choice, (name) => name === site, `the host is monitored by ${site}`);
    };
  },
  tags: (texts) => {
    const wanted = splitWanted(texts);
    return ({ tags }) => allOf(wanted, tags, 'tag');
  },
  labels: (texts) => {
    const wanted = splitWanted(texts);
    return ({ labels }) => allOf(wanted, labels, 'label');
  },
};

function withoutEndingSlash(text: string): string {
  const path = text.replace(/\/+$/, '');
  return path === '' || path === '!' ? `${path}/` : path;
}

function oneOf({ positive, negative }: Wanted, fits: (text: string) => boolean, words: string) {
  const isIn = positive.length === 0 || positive.some(fits);
  return isIn && !negative.some(fits) ? yes(words) : no(words);
}

function allOf(
  { positive, negative }: Wanted,
  present: readonly string[] | undefined,
  what: string,
) {
  if (present === undefined) return unknown(`its ${what}s are not known`);
  const lacking = positive.find((word) => !present.includes(word));
  if (lacking !== undefined) return no(`the host lacks the ${what} ${lacking}`);
  const unwanted = negative.find((word) => present.includes(word));
  return unwanted === undefined
    ? yes(`the ${what}s fit`)
    : no(`the host has the ${what} ${unwanted}`);
}

const yes = (words: string) => ({ holds: true, words }) as const;
const no = (words: string) => ({ holds: false, words }) as const;
const unknown = (words: string) => ({ holds: null, words }) as const;

/** Each condition with its result, also those behind one that does not hold. */
export function testConditions(
  conditions: readonly Condition[],
  host: ChosenHost,
): readonly ConditionResult[] {
  return conditions.map(({ key, wanted, test }) => ({ condition: key, wanted, ...test(host) }));
}

/** What keeps a host; undefined when all conditions hold. */
export function whyNot(conditions: readonly Condition[], host: ChosenHost): string | undefined {
  for (const { test } of conditions) {
    const { holds, words } = test(host);
    if (holds !== true) return words;
  }
  return undefined;
}
