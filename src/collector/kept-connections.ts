/**
 * Keeps ssh connections from one cycle of the collector to the next: logging in takes most of a
 * cycle.
 */

import type { SourceStep } from '../fetching/attempt.ts';

/** When a host is asked less often than this, a waiting ssh process costs more than it saves. */
const longestIntervalMs = 300_000;

/**
 * The source with its connections kept until the next cycle but one, where its transport can do
 * that and the route does not say otherwise.
 *
 * @param everyMs from one cycle to the next
 */
export function keepConnections(step: SourceStep, everyMs: number | undefined): SourceStep {
  const { module, source } = step;
  const isSaid = ['multiplex', 'proxyJump'].some((name) => Object.hasOwn(source.options, name));
  const canKeep = Object.hasOwn(module.options, 'multiplex');
  if (isSaid || !canKeep || everyMs === undefined || everyMs > longestIntervalMs) return step;
  const options = { ...source.options, multiplex: [`${Math.ceil((everyMs * 2) / 1000) + 10}s`] };
  return { ...step, source: { ...source, options } };
}
