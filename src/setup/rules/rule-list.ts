/** Rules as a site tells them, in the order in which it goes through them. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import type { RestApi } from '../rest/rest-api.ts';
import { hasMark } from './selection.ts';

/** What all of our versions have in common; whatever else there is may be there. */
const answeredRule = z.object({
  id: z.string().regex(/^[\w-]{1,100}$/),
  extensions: z.object({
    folder: z.string(),
    folder_index: z.number().optional(),
    value_raw: z.string(),
    properties: z
      .object({
        description: z.string().nullish(),
        comment: z.string().nullish(),
        documentation_url: z.string().nullish(),
        disabled: z.boolean().nullish(),
      })
      .nullish(),
    conditions: z
      .object({
        host_name: z
          .object({ match_on: z.array(z.string()), operator: z.string() })
          .nullish()
          .catch(null),
        host_tags: z.array(z.unknown()).nullish().catch(null),
        host_labels: z.array(z.unknown()).nullish().catch(null),
        host_label_groups: z
          .array(
            z.object({
              operator: z.string().optional(),
              label_group: z.array(
                z.object({ operator: z.string().optional(), label: z.string() }),
              ),
            }),
          )
          .nullish()
          .catch(null),
      })
      .nullish(),
  }),
});

const answeredRules = z.object({ value: z.array(answeredRule) });

export interface Rule {
  readonly id: string;
  readonly folder: string;
  /** A literal of Python. */
  readonly value: string;
  readonly description: string;
  readonly comment: string;
  /** Of documentation; empty where there is none. */
  readonly link: string;
  readonly isDisabled: boolean;
  /** Whether it is one that we have made. */
  readonly isOurs: boolean;
  /** Names it is for, or not for; undefined: any. */
  readonly names: { readonly texts: readonly string[]; readonly isFor: boolean } | undefined;
  /** Those it must have; another operator stands ahead of its label, such as `not a:b`. */
  readonly labels: readonly string[];
  /** Whether tags decide as well. */
  readonly hasTags: boolean;
}

export const programs = 'datasource_programs';
export const specialAgent = 'special_agents:cmk_courier';

/**
 * All rules of a rule set, each before those it wins against: those of folders within a folder
 * come before its own, and in one folder the upper one wins.
 *
 * @throws CourierError what the site refuses; PEER for an answer of a shape nobody knows
 */
export async function listRules(api: RestApi, ruleSet: string): Promise<readonly Rule[]> {
  const { content } = await api.ask({
    method: 'GET',
    path: `/domain-types/rule/collections/all?ruleset_name=${encodeURIComponent(ruleSet)}`,
    doing: 'listing the rules',
  });
  const read = answeredRules.safeParse(content);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = issue?.path.join('.') ?? '';
    const where = path === '' ? '' : ` at ${path}`;
    throw new CourierError('PEER', `listing the rules: the answer is not as expected${where}`);
  }
  const rules = read.data.value.map(({ id, extensions }, index) => ({
    rule: toRule(id, extensions),
    place: extensions.folder_index ?? index,
  }));
  const sorted = rules.sort(
    (a, b) => compareFolders(a.rule.folder, b.rule.folder) || a.place - b.place,
  );
  return sorted.map(({ rule }) => rule);
}

function toRule(id: string, told: z.infer<typeof answeredRule>['extensions']): Rule {
  const { properties, conditions } = told;
  const comment = properties?.comment ?? '';
  const names = conditions?.host_name ?? undefined;
  const groups = conditions?.host_label_groups ?? [];
  return {
    id,
    folder: toPath(told.folder),
    value: told.value_raw,
    description: properties?.description ?? '',
    comment,
    link: properties?.documentation_url ?? '',
    isDisabled: properties?.disabled ?? false,
    isOurs: hasMark(comment),
    names: names && { texts: names.match_on, isFor: names.operator === 'one_of' },
    labels: groups.flatMap(({ operator, label_group: group }) => [
      ...toOperator(operator),
      ...group.map((one) => [...toOperator(one.operator), one.label].join(' ')),
    ]),
    hasTags: (conditions?.host_tags ?? []).length > 0 || (conditions?.host_labels ?? []).length > 0,
  };
}

function toOperator(operator: string | undefined): readonly string[] {
  return operator === undefined || operator === 'and' ? [] : [operator];
}

/** `~web~prod` in some versions, `/web/prod` in others. */
function toPath(told: string): string {
  const path = told.replace(/[~\\]/g, '/').replace(/\/+$/, '');
  return path.startsWith('/') ? path : `/${path}`;
}

/** The deeper first, so that what is within comes before what it is in. */
function compareFolders(one: string, other: string): number {
  return depthOf(other) - depthOf(one) || (one < other ? -1 : one > other ? 1 : 0);
}

function depthOf(folder: string): number {
  return folder.split('/').filter((name) => name !== '').length;
}

/** Whether a folder is another one or lies in it. */
export function isWithin(folder: string, outer: string): boolean {
  return outer === '/' || folder === outer || folder.startsWith(`${outer}/`);
}
