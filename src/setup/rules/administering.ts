/** Makes, changes, puts in place and removes our rules, and tells what was done. */

import { isDeepStrictEqual } from 'node:util';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { requireFolder } from '../hosts/adopting.ts';
import type { PythonValue } from '../python-literal/values.ts';
import { writePythonLiteral } from '../python-literal/write.ts';
import { isRecord } from '../rest/refusals.ts';
import type { RestAnswer, RestApi } from '../rest/rest-api.ts';
import {
  choosePosition,
  compareNarrowness,
  findShadowed,
  findShadows,
  isInPlace,
  type Position,
  placeRule,
  plannedId,
} from './placing.ts';
import { listRules, type Rule, specialAgent } from './rule-list.ts';
import { isSameValue } from './same-value.ts';
import {
  describeSelection,
  type Selection,
  toApiFolder,
  toConditions,
  toMark,
} from './selection.ts';

/** A rule as it shall be. */
export interface WantedRule {
  readonly ruleSet: string;
  readonly selection: Selection;
  readonly value: PythonValue;
  /** The value for people: the command line. */
  readonly shown: string;
}

/** What an installation did, or would do. */
export interface Installed {
  readonly lines: readonly string[];
  /** Whether all was as it shall be before. */
  readonly isDone: boolean;
}

/**
 * Makes the rule unless it is there, mends it where it differs, and puts it where it wins.
 *
 * @param isDry nothing is changed, and the lines say what would be
 * @throws CourierError what the site refuses
 */
export async function installRule(
  api: RestApi,
  wanted: WantedRule,
  isDry: boolean,
): Promise<Installed> {
  const rules = await listRules(api, wanted.ruleSet);
  const [found] = findOurs(rules, wanted.selection).own;
  const what = `${describeSelection(wanted.selection)}: ${wanted.shown}`;
  const position = choosePosition(rules, wanted.selection, found?.id);
  const changes = found === undefined ? ['made'] : findChanges(found, wanted, rules, position);
  const lines = describeChanges({ changes, found, what, isDry, position });
  if (found === undefined && wanted.selection.folder !== '/') {
    await requireFolder(api, wanted.selection.folder);
  }
  if (!isDry) {
    if (found === undefined) await makeRule(api, wanted, position);
    else await changeRule(api, wanted, { found, changes, position });
  }
  // Asked again: only the site knows where it stands now.
  const after = isDry ? rules : await listRules(api, wanted.ruleSet);
  const { own, copies } = findOurs(after, wanted.selection);
  const placed = isDry && changes.some((one) => one === 'made' || one === 'position');
  const order = placed ? placeRule(after, wanted.selection, { id: found?.id, position }) : after;
  const others = describeOthers(api, wanted, order, found?.id ?? own[0]?.id ?? plannedId);
  const more = own
    .slice(1)
    .map(
      ({ id, folder }) =>
        `twice: rule ${id} in ${folder} is for the same hosts; remove one in Setup`,
    );
  const done = [...lines, ...others, ...more, ...copies.map(describeCopy)];
  return { lines: done, isDone: changes.length === 0 };
}

interface OurRules {
  readonly own: readonly Rule[];
  /** Copied in Setup with their comment, or changed to be for others, whom they are left to. */
  readonly copies: readonly Rule[];
}

/** Rules of ours for exactly these hosts. */
export function findOurs(rules: readonly Rule[], selection: Selection): OurRules {
  const mark = toMark(selection);
  const marked = rules.filter(({ comment }) => comment.includes(mark));
  const isOwn = (rule: Rule) => isForExactly(rule, selection);
  return { own: marked.filter(isOwn), copies: marked.filter((rule) => !isOwn(rule)) };
}

function isForExactly({ folder, names, labels, hasTags }: Rule, selection: Selection): boolean {
  return (
    folder === selection.folder &&
    isSameSet(names?.texts ?? [], selection.hosts) &&
    isSameSet(labels, selection.labels) &&
    (names?.isFor ?? true) &&
    !hasTags
  );
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return isDeepStrictEqual([...one].sort(), [...other].sort());
}

/** For people: what becomes of a copy. */
export function describeCopy(rule: Rule): string {
  return `left alone: ${describeRule(rule)} has the comment of this one, and was copied or changed in Setup`;
}

function findChanges(
  found: Rule,
  wanted: WantedRule,
  rules: readonly Rule[],
  position: Position,
): readonly string[] {
  return [
    ...(isSameValue(found.value, wanted.value) ? [] : ['value']),
    ...(found.isDisabled ? ['disabled'] : []),
    ...(isInPlace(rules, found.id, wanted.selection, position) ? [] : ['position']),
  ];
}

interface Change {
  readonly changes: readonly string[];
  readonly found: Rule | undefined;
  readonly what: string;
  readonly isDry: boolean;
  readonly position: Position;
}

function describeChanges({ changes, found, what, isDry, position }: Change): readonly string[] {
  const would = isDry ? 'would be ' : '';
  if (changes.length === 0) return [`there already: ${what}`];
  const where =
    position.position === 'top_of_folder'
      ? `at the top of ${position.folder}`
      : 'below narrower rules of ours';
  if (found === undefined) return [`${would}made, ${where}: ${what}`];
  const isMoved = changes.includes('position');
  const mended = changes.filter((one) => one !== 'position');
  return [
    ...(mended.length > 0 ? [`${would}changed (${mended.join(', ')}): ${what}`] : []),
    ...(isMoved ? [`${would}moved ${where}: ${what}`] : []),
  ];
}

async function makeRule(api: RestApi, wanted: WantedRule, position: Position): Promise<void> {
  const { ruleSet, selection } = wanted;
  const made = await api.ask({
    method: 'POST',
    path: '/domain-types/rule/collections/all',
    doing: 'making the rule',
    body: { ...toBody(wanted), ruleset: ruleSet, folder: toApiFolder(selection.folder) },
  });
  await moveNew(api, made, position);
}

interface Mending {
  readonly found: Rule;
  readonly changes: readonly string[];
  readonly position: Position;
}

async function changeRule(
  api: RestApi,
  wanted: WantedRule,
  { found, changes, position }: Mending,
): Promise<void> {
  const { id } = found;
  if (changes.some((one) => one !== 'position')) {
    const ifMatch = await readTag(api, id);
    const path = `/objects/rule/${id}`;
    const body = toBody(wanted, found);
    await api.ask({ method: 'PUT', path, doing: 'changing the rule', body, ifMatch });
  }
  if (changes.includes('position')) await moveRule(api, id, position, undefined);
}

/** A rule that stays where it was made would be the last, and never count: then rather none. */
async function moveNew(api: RestApi, made: RestAnswer, position: Position): Promise<void> {
  const id = isRecord(made.content) ? made.content['id'] : undefined;
  if (typeof id !== 'string' || !/^[\w-]{1,100}$/.test(id)) {
    throw new CourierError('PEER', 'making the rule: the site does not say which it is');
  }
  try {
    await moveRule(api, id, position, made.headers.get('etag'));
  } catch (error) {
    await removeRule(api, id).catch(() => undefined);
    throw error;
  }
}

async function moveRule(
  api: RestApi,
  id: string,
  position: Position,
  known: string | undefined,
): Promise<void> {
  const body =
    position.position === 'top_of_folder'
      ? { ...position, folder: toApiFolder(position.folder) }
      : position;
  await api.ask({
    method: 'POST',
    path: `/objects/rule/${id}/actions/move/invoke`,
    doing: 'moving the rule',
    body,
    ifMatch: known ?? (await readTag(api, id)),
  });
}

/** Which state of a rule is to be changed; 2.3 to 2.5 tell it with the rule. */
async function readTag(api: RestApi, id: string): Promise<string> {
  const path = `/objects/rule/${id}`;
  const { headers } = await api.ask({ method: 'GET', path, doing: 'reading the rule' });
  return headers.get('etag') ?? '*';
}

/** @throws CourierError what the site refuses */
export async function removeRule(api: RestApi, id: string): Promise<void> {
  const ifMatch = await readTag(api, id);
  await api.ask({
    method: 'DELETE',
    path: `/objects/rule/${id}`,
    doing: 'removing the rule',
    ifMatch,
  });
}

/** What people have written to a rule that is there stays. */
function toBody({ value, selection }: WantedRule, found?: Rule): object {
  const comment = `Made by cmk-courier, which finds it by this: ${toMark(selection)}`;
  return {
    value_raw: writePythonLiteral(value),
    conditions: toConditions(selection),
    properties: {
      description: found?.description ?? 'cmk-courier',
      comment: found?.comment ?? comment,
      ...(found?.link ? { documentation_url: found.link } : {}),
      disabled: false,
    },
  };
}

/** Which rules come first, and which count no more. */
function describeOthers(
  api: RestApi,
  { ruleSet, selection, value }: WantedRule,
  rules: readonly Rule[],
  id: string,
): readonly string[] {
  const first = findShadows(rules, selection, id);
  const behind = findShadowed(rules, selection, id);
  // rest-api.md#rules
  if (ruleSet === specialAgent && api.isAtLeast(2, 4)) {
    return [...first, ...behind].map((rule) => `counts as well: ${describeRule(rule)}`);
  }
  // Among ours the narrower one is meant to win, so that only another outcome is told.
  const isTold = (rule: Rule, ahead: number) =>
    !rule.isOurs ||
    (!isSameValue(rule.value, value) && ahead * compareNarrowness(rule, selection) > 0);
  const [above, below] = [
    first.filter((rule) => isTold(rule, -1)),
    behind.filter((rule) => isTold(rule, 1)),
  ];
  return [
    ...above.map((rule) => `in its way: ${describeRule(rule)} comes first for hosts that fit both`),
    ...below.map((rule) => `takes the place of ${describeRule(rule)} for hosts that fit both`),
  ];
}

/** `rule 1f97… "ssh to branches" in /branches for hosts …`. */
export function describeRule({ id, folder, description, names }: Rule): string {
  const called = description === '' ? '' : ` "${description}"`;
  const hosts =
    names === undefined ? '' : `, ${names.isFor ? '' : 'not '}for ${names.texts.join(', ')}`;
  return cleanText(`rule ${id}${called} in ${folder}${hosts}`);
}
