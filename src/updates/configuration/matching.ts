/** What holds for a host: of each parameter the first rule that sets it, as in Checkmk's Setup. */

import type { HostPatterns, TagConditions } from '../../routes/route.ts';
import type { KnownHost, Rule, Setting, Updates } from './rules.ts';

/** A parameter, and the rule it came from. */
export interface Effective extends Setting {
  readonly parameter: string;
  readonly rule: Rule;
}

/** A rule that does not hold for a host, and what keeps it. */
export interface PassedOver {
  readonly rule: Rule;
  readonly why: string;
}

export interface HostConfiguration {
  /** Sorted by name; empty where no rule fits the host. */
  readonly parameters: ReadonlyMap<string, Effective>;
  readonly passedOver: readonly PassedOver[];
  /** Whether any rule fits: what fits none is left alone. */
  readonly isMeant: boolean;
}

export function configurationOf({ rules }: Updates, host: KnownHost): HostConfiguration {
  const parameters = new Map<string, Effective>();
  const passedOver: PassedOver[] = [];
  for (const rule of rules) {
    const why = whyNot(rule, host);
    if (why !== undefined) {
      passedOver.push({ rule, why });
      continue;
    }
    for (const [parameter, setting] of rule.sets) {
      if (!parameters.has(parameter)) parameters.set(parameter, { ...setting, parameter, rule });
    }
  }
  const sorted = [...parameters].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    parameters: new Map(sorted),
    passedOver,
    isMeant: passedOver.length < rules.length,
  };
}

/** What keeps a rule from a host; undefined when it holds. */
function whyNot({ conditions }: Rule, { host, tags, labels }: KnownHost): string | undefined {
  const fits = ({ names, fits: fitsOther }: HostPatterns) => names.has(host) || fitsOther(host);
  if (conditions.hosts !== undefined && !fits(conditions.hosts)) return 'no pattern fits the name';
  if (conditions.groups !== undefined && !conditions.groups.some((group) => fits(group.hosts))) {
    const names = conditions.groups.map(({ name }) => name).join(', ');
    return `the host is not in ${conditions.groups.length === 1 ? 'the group' : 'one of'} ${names}`;
  }
  return lacks(conditions.tags, tags, 'tag') ?? lacks(conditions.labels, labels, 'label');
}

function lacks(
  { required, forbidden }: TagConditions,
  present: readonly string[],
  what: string,
): string | undefined {
  const lacking = required.find((word) => !present.includes(word));
  if (lacking !== undefined) return `the host lacks the ${what} ${lacking}`;
  const unwanted = forbidden.find((word) => present.includes(word));
  return unwanted === undefined ? undefined : `the host has the ${what} ${unwanted}`;
}
