/** What failed in a run, as rows for the section of a product that tells of it: `$faults`. */

import { cleanText } from '../../faults/errors.ts';
import { redactSecrets } from '../../faults/redaction.ts';
import type { PartFault } from '../special-agent.ts';
import type { Recipe } from './recipe.ts';

/** One of `$faults`. */
interface ToldFault {
  /** The section that did not come, or not whole; empty for a step on which none hangs. */
  readonly section: string;
  /** The step that failed; empty where the section itself did. */
  readonly step: string;
  readonly code: string;
  readonly message: string;
}

type Section = Recipe['sections'][number];

/**
 * A row for each section that a fault cost something, in the order of the recipe, then one for each
 * fault that cost none.
 *
 * @param needsOf the steps that a section hangs on, those behind them included
 */
export function toToldFaults(
  faults: readonly PartFault[],
  sections: readonly Section[],
  needsOf: (section: Section) => ReadonlySet<string>,
): readonly ToldFault[] {
  const told = new Set<PartFault>();
  const rows = sections.flatMap((section) => {
    const needs = needsOf(section);
    const own = faults.filter(({ kind, name }) =>
      kind === 'step' ? needs.has(name) : name === section.name,
    );
    for (const fault of own) told.add(fault);
    return own.map((fault) => toRow(fault, section.name));
  });
  return unique([...rows, ...faults.filter((fault) => !told.has(fault)).map((f) => toRow(f, ''))]);
}

function toRow({ kind, name, error }: PartFault, section: string): ToldFault {
  return {
    section,
    step: kind === 'step' ? name : '',
    code: error.code,
    message: redactSecrets(cleanText(error.message)),
  };
}

/** Two sections of one name that fail for one reason are one row. */
function unique(rows: readonly ToldFault[]): readonly ToldFault[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}
