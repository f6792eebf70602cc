/** `cmk-courier seals open`: shows what is in a drop, and why it is refused. */

import type { CommandContext } from '../../cli/command.ts';
import { cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { explainDrop } from '../../fetching/seal-explanation.ts';
import { readWholeFile } from '../../files/file-calls.ts';
import { defaultMaxSkewMs } from '../../times/skew.ts';
import type { SealWishes } from './seals.ts';

const largest = 128 * 1024 * 1024;

/** @throws CourierError the first fault, once all is printed */
export async function openFile(
  path: string,
  { host, maxAge }: Pick<SealWishes, 'host' | 'maxAge'>,
  context: CommandContext,
): Promise<void> {
  const bytes = await readWholeFile(path).catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
  const rules = {
    age: { maxAgeMs: maxAge, maxSkewMs: defaultMaxSkewMs },
    maxOutputBytes: largest,
    seal: 'required',
    passphrase: undefined,
  } as const;
  const { clock, env, log, shutdown: signal } = context;
  const { steps, fault } = await explainDrop(bytes, host, rules, { clock, env, log, signal });
  const lines = steps.map(
    ({ step, isGood, message }) =>
      `${isGood ? 'ok  ' : 'FAIL'} ${step.padEnd(9)} ${cleanText(message)}\n`,
  );
  await context.writeOutput(Buffer.from(lines.join('')));
  if (fault !== undefined) throw fault;
}
