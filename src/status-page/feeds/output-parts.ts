/** The sections of an output, as a page lists them. */

import { parseAgentOutput } from '../../agent-output/parser.ts';
import type { PartHost } from '../feed.ts';
import type { Piggybacked, Section } from '../model.ts';

/** More rows help nobody; how many there are is said. */
const mostSections = 300;
const mostPiggybacked = 200;
/** What is larger would hold up fetches while it is taken apart. */
const largestBytes = 4 * 1024 * 1024;

export function describeOutput(output: Buffer, host: string): PartHost {
  if (output.length > largestBytes) {
    return {
      remarks: [`the output has ${output.length} bytes, too many to list its sections here`],
    };
  }
  const parsed = parseAgentOutput(output, host);
  const own = new Map<string, Section>();
  const others = new Map<string, Piggybacked>();
  for (const { name, options, owner, start, end } of parsed.sections) {
    const bytes = end - start;
    if (owner.kind === 'piggybacked') {
      const { sections = 0, bytes: before = 0 } = others.get(owner.host) ?? {};
      others.set(owner.host, { host: owner.host, sections: sections + 1, bytes: before + bytes });
      continue;
    }
    const before = own.get(name)?.bytes ?? 0;
    own.set(name, { name, bytes: before + bytes, ...toCached(options.cached) });
  }
  return {
    sections: [...own.values()].slice(0, mostSections),
    sectionCount: own.size,
    piggybacked: [...others.values()].slice(0, mostPiggybacked),
    piggybackedCount: others.size,
  };
}

function toCached(cached: { readonly madeAt: number; readonly validSeconds: number } | undefined) {
  if (cached === undefined) return {};
  return { cachedAtMs: cached.madeAt * 1000, cachedForMs: cached.validSeconds * 1000 };
}
