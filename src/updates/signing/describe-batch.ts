/** What somebody is about to sign, in a few lines. */

import { toDay } from '../../sealing/stamp.ts';
import { readTarget } from '../documents/target.ts';
import type { Batch } from './batch.ts';

const mostNames = 10;

/** One line a package, with its hosts, and when it all ends. */
export function describeBatch({ documents, id }: Batch): string {
  const targets = documents.map(({ payload }) => readTarget(payload));
  const groups = Map.groupBy(targets, ({ action, platform, package: wanted }) => {
    if (wanted === undefined) return action;
    return `install ${wanted.agentVersion} (${platform}, hash ${wanted.agentHash})`;
  });
  const lines = [...groups].map(([what, all]) => {
    const hosts = all.map(({ audience }) => audience.replace(/^host:/, ''));
    const names = hosts.slice(0, mostNames).join(', ');
    const more = hosts.length > mostNames ? `, and ${hosts.length - mostNames} more` : '';
    return `  ${what}: ${names}${more}\n`;
  });
  const counters = [...new Set(targets.map(({ counter }) => counter))].join(', ');
  const until = targets.map(({ expires }) => expires).sort()[0] ?? '';
  const head = `batch ${id}: ${countTargets(targets.length)}, counter ${counters}, until ${toDay(until)}`;
  return `${head}\n${lines.join('')}`;
}

/** `1 target`, `2 targets`. */
export function countTargets(count: number): string {
  return `${count} ${count === 1 ? 'target' : 'targets'}`;
}
