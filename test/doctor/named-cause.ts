/** The table of all faults that the tests of the doctor bring about, and what was named for each. */

import { noteRow } from '../helpers/result-table.ts';

/** Who looked: one side, both together, or the courier at its own installation. */
type View = 'site' | 'host' | 'both' | 'installation';

export interface Named {
  readonly what: string;
  readonly view: View;
  /** The cause, or the verdict where there is none. */
  readonly wanted: string;
  readonly named: string;
  /** Of the step or report that names it. */
  readonly status: string;
  readonly ms: number | null;
}

/** Notes a case, before a test holds it against what was wanted. */
export function noteCase({ what, view, wanted, named, status, ms }: Named): void {
  const confidence = named === 'unexplained' ? 'none' : (confidences[status] ?? 'none');
  const isSure = confidence === 'sure';
  const wrong = isSure ? 'WRONG WITH CONFIDENCE' : 'not named';
  noteRow('doctor', {
    case: `${what} [${view}]`,
    'cause named': named,
    confidence,
    time: ms === null ? '' : `${ms} ms`.padStart(8),
    result: named === wanted ? 'right' : wrong,
  });
}

/** A warning is told as what may be the cause. */
const confidences: Readonly<Record<string, string>> = {
  ok: 'sure',
  fault: 'sure',
  warning: 'likely',
};

interface Told {
  readonly verdict: string;
  readonly cause: { readonly code: string } | null;
  readonly duration_ms: number | null;
}

/** The same for a whole report; what it names. */
export function noteReport(
  what: string,
  view: View,
  wanted: string,
  { verdict, cause, duration_ms: ms }: Told,
): string {
  const named = cause?.code ?? verdict;
  noteCase({ what, view, wanted, named, status: verdict, ms });
  return named;
}
