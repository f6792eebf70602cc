/** What `cmk-courier rule show` shows: the rules of a rule set in the order in which they count. */

import { cleanText } from '../../faults/errors.ts';
import type { RestApi } from '../rest/rest-api.ts';
import { mayMeet } from './placing.ts';
import { listRules, type Rule } from './rule-list.ts';
import type { Selection } from './selection.ts';

interface ShownRule {
  readonly id: string;
  readonly folder: string;
  readonly ours: boolean;
  readonly disabled: boolean;
  readonly hosts: readonly string[];
  readonly exceptHosts: readonly string[];
  readonly labels: readonly string[];
  readonly tags: boolean;
  readonly description: string;
  readonly value: string;
}

export interface RuleReport {
  readonly ruleSet: string;
  readonly rules: readonly ShownRule[];
}

/** Only those that may be for these hosts, where any are named. */
export async function toReport(
  api: RestApi,
  ruleSet: string,
  about: Pick<Selection, 'hosts'>,
): Promise<RuleReport> {
  const rules = await listRules(api, ruleSet);
  const wanted = rules.filter((rule) => about.hosts.length === 0 || mayMeet(rule, about));
  return { ruleSet, rules: wanted.map(toShown) };
}

function toShown(rule: Rule): ShownRule {
  const { id, folder, labels, description, value, names } = rule;
  const texts = names?.texts ?? [];
  return {
    id,
    folder,
    ours: rule.isOurs,
    disabled: rule.isDisabled,
    hosts: names?.isFor === false ? [] : texts,
    exceptHosts: names?.isFor === false ? texts : [],
    labels,
    tags: rule.hasTags,
    description,
    value,
  };
}

export function toLines({ ruleSet, rules }: RuleReport): readonly string[] {
  if (rules.length === 0) return [`${ruleSet}: no rules`];
  const lines = rules.map((rule, index) => {
    const { id, folder, ours, disabled, value } = rule;
    const marks = [...(ours ? ['ours'] : []), ...(disabled ? ['disabled'] : [])];
    const marked = marks.length === 0 ? '' : ` (${marks.join(', ')})`;
    return `${index + 1}. ${cleanText(folder)}  ${describeHosts(rule)}  ${cleanText(value)}  ${id}${marked}`;
  });
  return [`${ruleSet}, the first that fits a host counts:`, ...lines];
}

function describeHosts({ hosts, exceptHosts, labels, tags }: ShownRule): string {
  const parts = [
    ...(hosts.length > 0 ? [hosts.join(' ')] : []),
    ...(exceptHosts.length > 0 ? [`not ${exceptHosts.join(' ')}`] : []),
    ...labels,
    ...(tags ? ['by tags'] : []),
  ];
  return parts.length === 0 ? 'every host' : cleanText(parts.join(' '), 100);
}
