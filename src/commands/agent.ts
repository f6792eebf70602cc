/** `cmk-courier agent`: special agents, for hosts on which no agent can run. */

import type { CommandContext, CommandModule, Invocation, OptionGroup } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parseSize } from '../cli/option-types.ts';
import { type OptionTable, parseOptions, type RawOptions } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import type { SpecialAgent } from '../special-agents/special-agent.ts';

/** Of running one. */
const runOptions = {
  host: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'name of the host in Checkmk, for {host}',
    parse: parseHostName,
  },
  address: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'address of the host, for {address}',
    parse: parseAddress,
    fallback: '',
  },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'make no more output than this',
    parse: parseSize,
    fallback: '64MiB',
  },
} as const satisfies OptionTable;

/** Words that are no agents. */
const verbs: readonly string[] = ['list', 'show', 'init', 'validate', 'record', 'test'];

export const agent: CommandModule = {
  summary: 'ask systems on which no agent can run, by recipe: REST APIs, dialogues',
  usage: 'agent NAME | list | show NAME',
  examples: [
    ['agent list', 'which there are'],
    ['agent show NAME', 'what one asks and makes, and its options'],
  ],
  options: runOptions,
  hasOptionsByWord: true,
  loadSourceOptions,
  run,
};

async function loadSourceOptions(
  args: readonly string[],
  env: Environment = {},
): Promise<readonly OptionGroup[]> {
  const name = findName(args);
  if (name === undefined) return [];
  const { loadAgent } = await import('../special-agents/catalog.ts');
  const { title, options } = await loadAgent(name, env);
  const own = Object.entries(options).filter(([option]) => !Object.hasOwn(runOptions, option));
  return [{ title: `${name}: ${title}`, options: Object.fromEntries(own) }];
}

/** The agent that is to run. */
function findName(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const [first, second] = words;
  if (first === undefined || !verbs.includes(first)) return first;
  return ['record', 'test'].includes(first) ? second : undefined;
}

async function run({ operands, options }: Invocation, context: CommandContext): Promise<void> {
  const [first = '', ...rest] = operands;
  switch (first) {
    case '':
      throw new CourierError('USAGE', 'an agent is missing; `cmk-courier agent list` lists them');
    case 'list':
      return list(context);
    default:
      return runNamed(first, rest, options, context);
  }
}

async function list({ env, writeOutput }: CommandContext): Promise<void> {
  const { listAgents } = await import('../special-agents/catalog.ts');
  const lines = (await listAgents(env)).map(({ name, kind, path, standsIn }) => {
    const where = path === undefined ? kind : `${kind} ${path}`;
    return `${name.padEnd(20)} ${where}${standsIn ? ', stands in for the one that comes with the program' : ''}\n`;
  });
  await writeOutput(Buffer.from(lines.join('')));
}

/**
 * Words without a flag are values of the option that the agent says: `--fetched-resources node disk`
 * names two, as agents of Checkmk read it.
 */
function withOperands(
  raw: RawOptions,
  operands: readonly string[],
  { operands: name, options }: SpecialAgent,
): RawOptions {
  const given = (name === undefined ? undefined : raw[name]) ?? [];
  const isList = name !== undefined && options[name]?.kind === 'list';
  const stray = isList ? undefined : operands[name === undefined || given.length > 0 ? 0 : 1];
  if (stray !== undefined) throw new CourierError('USAGE', `unexpected argument: ${stray}`);
  return name === undefined || operands.length === 0
    ? raw
    : { ...raw, [name]: [...given, ...operands] };
}

async function runNamed(
  name: string,
  operands: readonly string[],
  raw: RawOptions,
  context: CommandContext,
): Promise<void> {
  const [{ loadAgent }, { runAgent }] = await Promise.all([
    import('../special-agents/catalog.ts'),
    import('../special-agents/run-agent.ts'),
  ]);
  context.requireOutput?.();
  const special = await loadAgent(name, context.env);
  const { host, address, maxSize } = parseOptions(runOptions, pick(raw, runOptions));
  const own = withOperands(pick(raw, special.options), operands, special);
  try {
    const output = await runAgent(special, own, {
      ...context,
      host,
      address: address === '' ? undefined : address,
      signal: context.shutdown,
      maxOutputBytes: maxSize,
    });
    await context.writeOutput(output);
  } catch (error) {
    if (!(error instanceof CourierError) || error.where !== undefined) throw error;
    throw new CourierError(error.code, error.message, { cause: error, where: ['agent', name] });
  }
}

function pick(raw: RawOptions, table: OptionTable): RawOptions {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => Object.hasOwn(table, name)));
}
