/**
 * A special agent in a process of its own: one that takes all memory, or that even Node does not
 * survive, is a fault of the one host it was asked for.
 */

import { type RawOptions, toFlag } from '../cli/options.ts';
import { CourierError, type FaultCode, faults, quote } from '../faults/errors.ts';
import { describeEnd, type ProgramEnd } from '../system/program/call.ts';
import { runProgram } from '../system/program/run-program.ts';
import type { OwnProgram } from './own-program.ts';
import type { AgentCall } from './run-agent.ts';
import type { SpecialAgent } from './special-agent.ts';

/** What the data of the process may take, in KiB; answers and expressions have limits of their own. */
const dataKib = 1_500_000;

/**
 * Whatever the environment says: the stack of each thread counts 8 MB against the limit of data, and
 * Node ends itself when it cannot start one.
 */
const fewThreads = '4';

/** The shell sets what it is allowed and becomes the program. */
const limited = `ulimit -d ${dataKib} 2>/dev/null; exec "$0" "$@"`;

/**
 * All of the output of an agent.
 *
 * @param own how the program is started
 * @throws CourierError the fault that the agent ended with; the signal's reason
 */
export async function runInOwnProcess(
  special: Pick<SpecialAgent, 'name' | 'options'>,
  raw: RawOptions,
  call: AgentCall,
  own: OwnProgram,
): Promise<Buffer> {
  const { name } = special;
  const { env, maxOutputBytes, signal } = call;
  const args = [own.program, ...own.args, ...toArguments(special, raw, call)];
  const surroundings = { ...env, UV_THREADPOOL_SIZE: fewThreads };
  const program = {
    program: '/bin/sh',
    args: ['-c', limited, ...args],
    env: surroundings,
    maxOutputBytes,
  };
  const end = await runProgram(program, signal).catch((error: unknown) => {
    throw isTooLarge(error) ? tooLarge(name, maxOutputBytes) : error;
  });
  if (end.code !== 0) throw toFault(name, end);
  if (end.stdout.length === 0) throw new CourierError('NO_OUTPUT', `${name} made no output`);
  for (const line of end.stderr.split('\n').filter((text) => text !== '')) {
    call.log.info({ agent: name }, line);
  }
  return end.stdout;
}

/** A switch takes no value; any other option may have the value `true`. */
function toArguments(
  { name, options: table }: Pick<SpecialAgent, 'name' | 'options'>,
  raw: RawOptions,
  call: AgentCall,
): readonly string[] {
  const { host, address, maxOutputBytes } = call;
  const options = Object.entries(raw).flatMap(([option, texts]) =>
    table[option]?.kind === 'switch'
      ? texts.filter((text) => text === 'true').map(() => toFlag(option))
      : texts.map((text) => `${toFlag(option)}=${text}`),
  );
  return [
    'agent',
    name,
    ...(host === undefined ? [] : [`--host=${host}`]),
    ...(address === undefined ? [] : [`--address=${address}`]),
    `--max-size=${maxOutputBytes}`,
    ...options,
  ];
}

function isTooLarge(error: unknown): boolean {
  return error instanceof CourierError && error.code === 'TOO_LARGE';
}

function tooLarge(name: string, maxBytes: number): CourierError {
  return new CourierError('TOO_LARGE', `${name} makes more than the allowed ${maxBytes} bytes`);
}

/** The line that a fault of ours ends with: `cmk-courier: agent: NAME: what: why (CODE)`. */
function toFault(name: string, end: ProgramEnd): CourierError {
  const line = end.stderr.trim().split('\n').at(-1) ?? '';
  const [, message = '', code = ''] =
    /^cmk-courier: (?:agent: )?(.*) \(([A-Z_]+)\)$/.exec(line) ?? [];
  if (isFaultCode(code) && faults[code].exit === end.code) {
    return new CourierError(code, message.startsWith(name) ? message : `${name}: ${message}`);
  }
  if (end.signal === 'SIGABRT' || end.signal === 'SIGKILL' || end.code === 134) {
    return new CourierError(
      'PEER',
      `${name}: its process ended by itself, as when memory is short`,
    );
  }
  return new CourierError(
    'PEER',
    `${name} failed: ${end.stderr === '' ? describeEnd(end) : quote(line)}`,
  );
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faults, code);
}
