/** Where a rule has to stand to win, and which others are in its way: the first that fits a host counts. */

import { isWithin, type Rule } from './rule-list.ts';
import { narrowness, type Selection } from './selection.ts';

export type Position =
  | { readonly position: 'top_of_folder'; readonly folder: string }
  | { readonly position: 'after_specific_rule'; readonly rule_id: string };

/**
 * Where our rule goes in its folder: to the top, but below narrower ones of ours, which it would
 * take the hosts from.
 *
 * @param rules all of the rule set, in order
 * @param id of our rule, where there is one
 */
export function choosePosition(
  rules: readonly Rule[],
  selection: Selection,
  id?: string,
): Position {
  const narrower = rules.filter(
    (rule) =>
      rule.id !== id &&
      rule.isOurs &&
      rule.folder === selection.folder &&
      narrowness(toSelection(rule)) > narrowness(selection),
  );
  const last = narrower.at(-1);
  return last === undefined
    ? { position: 'top_of_folder', folder: selection.folder }
    : { position: 'after_specific_rule', rule_id: last.id };
}

/**
 * Whether a rule stands well already: where it would be put, or with nothing above it but rules of
 * ours that are as narrow. Of two for different hosts, neither has to be moved above the other.
 */
export function isInPlace(
  rules: readonly Rule[],
  id: string,
  selection: Selection,
  wanted: Position,
): boolean {
  const beside = rules.filter(({ folder }) => folder === selection.folder);
  const index = beside.findIndex((rule) => rule.id === id);
  if (index < 0) return false;
  const [above, below] = [beside.slice(0, index), beside.slice(index + 1)];
  const next = above.at(-1);
  const isThere =
    wanted.position === 'top_of_folder' ? next === undefined : next?.id === wanted.rule_id;
  const own = narrowness(selection);
  const width = (rule: Rule) => narrowness(toSelection(rule));
  return (
    isThere ||
    (above.every((rule) => rule.isOurs && width(rule) >= own) &&
      below.every((rule) => !rule.isOurs || width(rule) <= own))
  );
}

/** Stands for the id of a rule that is not made yet. */
export const plannedId = '';

/**
 * The rules in the order in which they would stand, with ours at its position.
 *
 * @param rules all of the rule set, in order
 */
export function placeRule(
  rules: readonly Rule[],
  { folder, hosts, labels }: Selection,
  { id = plannedId, position }: { readonly id: string | undefined; readonly position: Position },
): readonly Rule[] {
  const others = rules.filter((rule) => rule.id !== id);
  const names = hosts.length === 0 ? undefined : { texts: hosts, isFor: true };
  const kind = { isOurs: true, isDisabled: false, hasTags: false, link: '' };
  const own: Rule = { id, folder, names, labels, value: '', description: '', comment: '', ...kind };
  const top = others.findIndex((rule) => isWithin(folder, rule.folder));
  const index =
    position.position === 'top_of_folder'
      ? top
      : others.findIndex((rule) => rule.id === position.rule_id) + 1;
  return others.toSpliced(index < 0 ? others.length : index, 0, own);
}

/** More than 0 where the rule is for fewer hosts than a selection, less for more. */
export function compareNarrowness(rule: Rule, selection: Selection): number {
  return narrowness(toSelection(rule)) - narrowness(selection);
}

/** Rules that come first and may fit a host of ours. */
export function findShadows(
  rules: readonly Rule[],
  selection: Selection,
  id: string | undefined,
): readonly Rule[] {
  const own = rules.findIndex((rule) => rule.id === id);
  const before = own < 0 ? rules : rules.slice(0, own);
  return before.filter(
    (rule) => isWithin(rule.folder, selection.folder) && mayMeet(rule, selection),
  );
}

/** Rules behind ours that some host of ours has had so far. */
export function findShadowed(
  rules: readonly Rule[],
  selection: Selection,
  id: string | undefined,
): readonly Rule[] {
  const own = rules.findIndex((rule) => rule.id === id);
  const behind = own < 0 ? [] : rules.slice(own + 1);
  return behind.filter(
    (rule) => isWithin(selection.folder, rule.folder) && mayMeet(rule, selection),
  );
}

/** Whether some host may fit both: only names that exclude each other say no. */
export function mayMeet(rule: Rule, { hosts }: Pick<Selection, 'hosts'>): boolean {
  if (rule.isDisabled) return false;
  const { names } = rule;
  if (names === undefined || hosts.length === 0) return true;
  const texts = [...names.texts, ...hosts];
  if (texts.some((text) => text.startsWith('~'))) return true;
  const common = hosts.filter((host) => names.texts.includes(host));
  return names.isFor ? common.length > 0 : common.length < hosts.length;
}

function toSelection({ names, labels }: Rule): Pick<Selection, 'hosts' | 'labels'> {
  return { hosts: names?.texts ?? [], labels };
}
