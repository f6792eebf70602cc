/** What holds for a host: of each parameter the first rule that sets it, as in Checkmk's Setup. */

import { whyNot } from './conditions.ts';
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
    const why = whyNot(rule.conditions, host);
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
