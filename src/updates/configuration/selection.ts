/** Which rules and stages a host fits, with the result of each condition; for `updates why`. */

import { readHostCache } from '../repository/host-cache.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type ChosenHost, type ConditionResult, testConditions } from './conditions.ts';
import { readList } from './known-hosts.ts';
import { fromCache } from './remembered-hosts.ts';
import type { Updates } from './rules.ts';

interface TestedRule {
  readonly rule: string;
  readonly line: number;
  readonly holds: boolean;
  readonly conditions: readonly ConditionResult[];
}

interface TestedStage {
  readonly stage: string;
  readonly holds: boolean;
  readonly conditions: readonly ConditionResult[];
}

export interface Selection {
  readonly path: string;
  /** What is known of the host, and from where: `file`, `site`, `options`, or `nothing`. */
  readonly known: Knowledge;
  /** Whether any rule fits. */
  readonly isSelected: boolean;
  readonly rules: readonly TestedRule[];
  readonly stages: readonly TestedStage[];
}

export interface Knowledge {
  readonly from: 'file' | 'site' | 'options' | 'nothing';
  /** When the site said so, ISO 8601; null where it did not. */
  readonly askedAt: string | null;
  readonly tags: readonly string[] | null;
  readonly labels: readonly string[] | null;
  readonly folder: string | null;
  readonly site: string | null;
}

/** What is told of a host on the command line; undefined for what is not. */
export type ToldHost = Omit<ChosenHost, 'host'>;

/**
 * Tests a name, whether such a host is known or not.
 *
 * @throws CourierError CONFIG about the list of hosts; LOCAL
 */
export async function explainSelection(
  updates: Updates,
  places: UpdatePlaces,
  host: ChosenHost['host'],
  told: ToldHost,
): Promise<Selection> {
  const { found, from, askedAt } = await findHost(updates, places, host);
  const chosen: ChosenHost = {
    host,
    tags: told.tags ?? found?.tags,
    labels: told.labels ?? found?.labels,
    folder: told.folder ?? found?.folder,
    site: told.site ?? found?.site,
  };
  const isTold = Object.values(told).some((one) => one !== undefined);
  const rules = updates.rules.map(({ name, line, conditions }) => {
    return { rule: name, line, ...test(conditions, chosen) };
  });
  const stages = (updates.stages ?? []).map(({ stage, conditions }) => {
    return { stage: stage.name, ...test(conditions, chosen) };
  });
  const { tags = null, labels = null, folder = null, site = null } = chosen;
  return {
    path: updates.path,
    known: { from: isTold ? 'options' : from, askedAt, tags, labels, folder, site },
    isSelected: rules.some(({ holds }) => holds),
    ...{ rules, stages },
  };
}

function test(conditions: Parameters<typeof testConditions>[0], host: ChosenHost) {
  const results = testConditions(conditions, host);
  return { holds: results.every(({ holds }) => holds === true), conditions: results };
}

async function findHost(
  { hostList }: Updates,
  places: UpdatePlaces,
  host: ChosenHost['host'],
): Promise<{
  readonly found: ChosenHost | undefined;
  readonly from: Knowledge['from'];
  readonly askedAt: string | null;
}> {
  if (hostList !== undefined) {
    const found = readList(hostList).find((one) => one.host === host);
    return { found, from: found === undefined ? 'nothing' : 'file', askedAt: null };
  }
  const cache = await readHostCache(places);
  const found = cache && fromCache(cache).find((one) => one.host === host);
  return {
    found,
    from: found === undefined ? 'nothing' : 'site',
    askedAt: cache?.askedAt ?? null,
  };
}
