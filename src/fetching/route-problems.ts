/** Everything that is wrong with a routes file, the options of transports included. */

import { CourierError } from '../faults/errors.ts';
import { readRoutes } from '../routes/load.ts';
import type { Problem } from '../routes/problems.ts';
import { toStep } from './route-plan.ts';

/**
 * Reads a routes file and lists its mistakes in the order of their lines.
 *
 * @throws CourierError LOCAL or CONFIG when it cannot be read at all
 */
export async function findProblems(
  path: string,
): Promise<{ readonly problems: readonly Problem[]; readonly count: number }> {
  const read = await readRoutes(path);
  if ('problems' in read) return { problems: read.problems, count: 0 };
  const { routes } = read.routes;
  const problems: Problem[] = [];
  for (const source of routes.flatMap(({ sources }) => sources)) {
    try {
      await toStep(source);
    } catch (error) {
      if (!(error instanceof CourierError)) throw error;
      problems.push({ line: source.line, message: error.message });
    }
  }
  return { problems, count: routes.length };
}
