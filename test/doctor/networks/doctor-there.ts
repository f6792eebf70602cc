/** Runs `doctor` again and again in the namespace that it was started in: a line a call, a line an answer. */

import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/clock.ts';
import { doctor } from '../../../src/commands/doctor.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const { operands, options, env = {} } = JSON.parse(line);
  const context = { ...makeCommandContext(), clock: systemClock, env: { ...process.env, ...env } };
  let exit = 0;
  const exitWith = (code: number) => {
    exit = code;
  };
  const startMs = performance.now();
  let failure: string | undefined;
  try {
    await doctor.run({ operands, options }, { ...context, exitWith });
  } catch (error) {
    failure = String(error);
  }
  const ms = Math.round(performance.now() - startMs);
  const answer = { exit, ms, failure, output: context.said.output };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
