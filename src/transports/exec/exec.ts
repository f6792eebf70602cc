/** `exec:`: what a local program prints. */

import { CourierError, cleanText } from '../../faults/errors.ts';
import { describeEnd, type ProgramEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { fillSourceUri } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { type Command, parseExecUri } from './command-uri.ts';
import { inputOptions, readInput } from './standard-input.ts';

export const exec = defineTransport({
  options: inputOptions,
  traits: { concurrency: 16, consumes: false },
  async open(uri, options, context) {
    parseExecUri(uri.text);
    const call = { ...context, input: await readInput(options, context) };
    return {
      fetch: async (target, signal) => run(parseExecUri(fillSourceUri(uri, target)), call, signal),
    };
  },
});

async function run(
  { program, args }: Command,
  { env, maxOutputBytes, log, input }: OpenContext & { readonly input: Buffer | undefined },
  signal: AbortSignal,
): Promise<Delivery> {
  const end = await runProgram({ program, args, env, maxOutputBytes, input }, signal);
  const fault = findFault(program, end);
  if (fault !== undefined) throw fault;
  if (end.stderr !== '') log.debug({ stderr: cleanText(end.stderr) }, 'the program complains');
  return {
    output: end.stdout,
    origin: program,
    producedAt: undefined,
    proof: 'way',
    async acknowledge() {},
  };
}

/** The meaning that shells give to these exit codes: POSIX, XCU 2.8.2. */
const shellCodes: Readonly<Record<number, string>> = {
  126: 'could not start a program it needs',
  127: 'did not find a program it needs',
};

function findFault(program: string, end: ProgramEnd): CourierError | undefined {
  const { code, signal, stdout } = end;
  if (code === 0) {
    if (stdout.length > 0) return undefined;
    return new CourierError('NO_OUTPUT', `${program} ended well and printed nothing`);
  }
  const failed = signal === null ? shellCodes[code ?? 0] : 'did not end by itself';
  return new CourierError('PEER', `${program} ${failed ?? 'failed'}: ${describeEnd(end)}`);
}
