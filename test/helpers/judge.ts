/** The judge of a fetch, for transports that are tried by themselves. */

import { judgeBy } from '../../src/fetching/judging.ts';
import type { OpenContext } from '../../src/transports/transport.ts';
import { makeOpenContext } from './open-context.ts';
import { defaultRules } from './output-rules.ts';

/** With the default rules but for the size, in an environment without seals. */
export function makeJudge(
  maxOutputBytes: number,
  env: OpenContext['env'] = {},
): OpenContext['accepts'] {
  return judgeBy({ ...defaultRules, maxOutputBytes }, { ...makeOpenContext(), env });
}
