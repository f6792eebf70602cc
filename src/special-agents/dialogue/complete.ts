/** Whether a dialogue has what it needs. Apart from the schema: that loads a library which a run does not need. */

import type { DialogueStep } from './schema.ts';

/** What has to hold between the keys; the complaint, or undefined. */
export function findDialogueProblem(
  step: {
    readonly [Key in keyof DialogueStep]?: DialogueStep[Key] | undefined;
  },
): string | undefined {
  const ends = [step.prompt, step.end, step.quiet].filter((one) => one !== undefined);
  if (ends.length !== 1) return 'a dialogue needs one of prompt, end and quiet';
  if (step.login !== undefined && step.prompt === undefined) return 'login needs a prompt';
  if (Object.keys(step.ask ?? {}).length === 0) return 'ask must not be empty';
  return undefined;
}
