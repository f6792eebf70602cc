/** Stages as they stand in updates.yaml. */

import { z } from 'zod';
import { parseDuration } from '../../cli/option-types.ts';
import { parsed } from '../../cli/schema-types.ts';
import { CourierError, quote } from '../../faults/errors.ts';

/** `0.5%` → 50: hundredths of a percent. */
function parseShare(text: string): number {
  const [, number] = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text) ?? [];
  const share = Math.round(Number(number) * 100);
  if (number !== undefined && share <= 10_000) return share;
  throw new CourierError('USAGE', `must be a share such as 5%, not ${quote(text)}`);
}

function parseSoak(text: string): number {
  const soakMs = parseDuration(text);
  if (soakMs % 1000 === 0 && soakMs <= 365 * 86_400_000) return soakMs / 1000;
  throw new CourierError('USAGE', `must be whole seconds, a year at most, not ${quote(text)}`);
}

const share = (describe: string) => parsed(parseShare, describe);

/** Beside its conditions. */
export const stageSettings = {
  name: z.string('must be a text').min(1, 'must not be empty').max(100, 'must be shorter'),
  share: share('a share of the hosts, such as 5%')
    .refine((given) => given > 0, 'must be more than 0%')
    .optional(),
  soak: parsed(parseSoak, 'how long it is watched at least, such as 1d').optional(),
  successes: z
    .union(
      [
        z
          .int()
          .min(0)
          .max(1_000_000)
          .transform((number) => ({ number })),
        share('a share').transform((given) => ({ share: given })),
      ],
      'must be a number of hosts, or a share such as 80%',
    )
    .optional()
    .describe('how many of its hosts must have the release: a number, or a share of them'),
  failures: share('the share of its hosts that may fail, such as 2%').optional(),
  silent: share('the share of its hosts that may be silent, such as 10%').optional(),
  next: z
    .enum(['by-itself', 'by-hand'], 'must be by-itself or by-hand')
    .optional()
    .describe('by-hand: `updates rollout advance` opens the stage behind it'),
};
