/** Makes, changes, puts in place and removes our rules, and tells what was done. */

import { CourierError, cleanText } from '../../faults/errors.ts';
import type { PythonValue } from '../python-literal/values.ts';
import { writePythonLiteral } from '../python-literal/write.ts';
import { isRecord } from '../rest/refusals.ts';
import type { RestAnswer, RestApi } from '../rest/rest-api.ts';
import { choosePosition, findShadowed, findShadows, isInPlace, type Position } from './placing.ts';
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
  const [found, ...doubles] = findOurs(rules, wanted.selection);
  const what = `${describeSelection(wanted.selection)}: ${wanted.shown}`;
  const position = choosePosition(rules, wanted.selection, found?.id);
  const changes = found === undefined ? ['made'] : findChanges(found, wanted, rules, position);
  const lines = describeChanges({ changes, found, what, isDry, position });
  if (!isDry) {
    if (found === undefined) await makeRule(api, wanted, position);
    else await changeRule(api, wanted, { id: found.id, changes, position });
  }
  // Asked again: only the site knows where it stands now.
  const after = isDry ? rules : await listRules(api, wanted.ruleSet);
  const own = findOurs(after, wanted.selection)[0];
  const others = describeOthers(api, wanted, after, own);
  const more = doubles.map(
    ({ id, folder }) => `twice: rule ${id} in ${folder} is the same; remove one in Setup`,
  );
  return { lines: [...lines, ...others, ...more], isDone: changes.length === 0 };
}

/** Rules of ours for exactly these hosts. */
export function findOurs(rules: readonly Rule[], selection: Selection): readonly Rule[] {
  const mark = toMark(selection);
  return rules.filter(({ comment }) => comment.includes(mark));
}

function findChanges(
  found: Rule,
  wanted: WantedRule,
  rules: readonly Rule[],
  position: Position,
): readonly string[] {
  const { selection } = wanted;
  const names = found.names === undefined ? [] : found.names.texts;
  const isSame =
    String([...names].sort()) === String([...selection.hosts].sort()) &&
    String([...found.labels].sort()) === String([...selection.labels].sort()) &&
    (found.names?.isFor ?? true) &&
    !found.hasTags;
  return [
    ...(isSameValue(found.value, wanted.value) ? [] : ['value']),
    ...(isSame ? [] : ['conditions']),
    ...(found.isDisabled ? ['disabled'] : []),
    ...(isInPlace(rules, found.id, selection, position) ? [] : ['position']),
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
  readonly id: string;
  readonly changes: readonly string[];
  readonly position: Position;
}

async function changeRule(
  api: RestApi,
  wanted: WantedRule,
  { id, changes, position }: Mending,
): Promise<void> {
  if (changes.some((one) => one !== 'position')) {
    const ifMatch = await readTag(api, id);
    const path = `/objects/rule/${id}`;
    const body = toBody(wanted);
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

function toBody({ value, selection }: WantedRule): object {
  return {
    value_raw: writePythonLiteral(value),
    conditions: toConditions(selection),
    properties: {
      description: 'cmk-courier',
      comment: `Made by cmk-courier, which finds it by this: ${toMark(selection)}`,
      disabled: false,
    },
  };
}

/** Which rules come first, and which count no more. */
function describeOthers(
  api: RestApi,
  { ruleSet, selection }: WantedRule,
  rules: readonly Rule[],
  own: Rule | undefined,
): readonly string[] {
  const first = findShadows(rules, selection, own?.id).filter(({ isOurs }) => !isOurs);
  const behind = findShadowed(rules, selection, own?.id).filter(({ isOurs }) => !isOurs);
  // rest-api.md#rules
  if (ruleSet === specialAgent && api.isAtLeast(2, 4)) {
    return [...first, ...behind].map((rule) => `counts as well: ${describeRule(rule)}`);
  }
  return [
    ...first.map((rule) => `in its way: ${describeRule(rule)} comes first for hosts that fit both`),
    ...behind.map((rule) => `takes the place of ${describeRule(rule)} for hosts that fit both`),
  ];
}

/** `rule 1f97… "ssh to branches" in /branches for hosts …`. */
export function describeRule({ id, folder, description, names }: Rule): string {
  const called = description === '' ? '' : ` "${description}"`;
  const hosts =
    names === undefined ? '' : `, ${names.isFor ? '' : 'not '}for ${names.texts.join(', ')}`;
  return cleanText(`rule ${id}${called} in ${folder}${hosts}`);
}
