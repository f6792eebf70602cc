/** `cmk-courier agent`: special agents, for hosts on which no agent can run. */

import type { CommandContext, CommandModule, Invocation, OptionGroup } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parsePath, parseSize } from '../cli/option-types.ts';
import { type OptionTable, parseOptions, pickOptions, type RawOptions } from '../cli/options.ts';
import { CourierError, cleanText, quote } from '../faults/errors.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import type { AgentCall } from '../special-agents/run-agent.ts';
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

/** Of verbs. */
const verbOptions = {
  to: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with record: where what was asked and answered is written',
    parse: parsePath,
  },
  replace: {
    kind: 'list',
    placeholder: 'OLD=NEW',
    describe: 'with record: a text such as the name of a host, and what stands in for it',
    parse: parseReplacement,
  },
  from: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with test: the recording that is run on',
    parse: parsePath,
  },
  renew: {
    kind: 'switch',
    describe: 'with test: take what comes of it for what is expected from now on',
  },
} as const satisfies OptionTable;

const options = { ...runOptions, ...verbOptions };

function parseReplacement(raw: string): readonly [string, string] {
  const [, from, to] = /^([^=]+)=(.*)$/s.exec(raw) ?? [];
  if (from !== undefined && to !== undefined) return [from, to];
  throw new CourierError('USAGE', 'must be OLD=NEW');
}

/** Words that are no agents. */
const verbs: readonly string[] = ['list', 'show', 'init', 'validate', 'record', 'test'];

export const agent: CommandModule = {
  summary: 'ask systems on which no agent can run, by recipe: REST APIs, dialogues',
  usage:
    'agent NAME | list | show NAME | init NAME | validate NAME|FILE… | record NAME --to=DIR | test NAME --from=DIR',
  examples: [
    ['agent list', 'which there are'],
    ['agent show netapp_ontap', 'what one asks and makes'],
    ['agent netapp_ontap --help', 'its options'],
    ['agent init my_array', 'a recipe to begin with, and its schema for editors'],
    ['agent validate my_array', 'every mistake in it, with its line'],
    ['agent ./my_array.yaml --address=192.0.2.7', 'run one from a file'],
    ['agent record my_array --to=recording --address=192.0.2.7', 'keep what is asked and answered'],
    ['agent test my_array --from=recording --verbose', 'run it on that, step by step'],
  ],
  options,
  hasOptionsByWord: true,
  takesUnderscores: true,
  keepsFiles: { options: [], verbs: ['init'] },
  loadSourceOptions,
  run,
};

async function loadSourceOptions(
  args: readonly string[],
  env: Environment = {},
): Promise<readonly OptionGroup[]> {
  const name = findName(args);
  if (name === undefined) return [];
  const { title, options: all } = await loadNamed(name, env);
  const own = Object.entries(all).filter(([option]) => !Object.hasOwn(options, option));
  return [{ title: `${name}: ${title}`, options: Object.fromEntries(own) }];
}

/** The agent that is to run. */
function findName(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const [first, second] = words;
  if (first === undefined || !verbs.includes(first)) return first;
  return ['record', 'test'].includes(first) ? second : undefined;
}

async function run({ operands, options: raw }: Invocation, context: CommandContext): Promise<void> {
  const [first = '', ...rest] = operands;
  const task = { names: rest, raw, context };
  switch (first) {
    case '':
      throw new CourierError('USAGE', 'an agent is missing; `cmk-courier agent list` lists them');
    case 'list':
      return list(context);
    case 'show':
      return show(task);
    case 'init':
      return init(task);
    case 'validate':
      return validate(task);
    case 'record':
      return recordNamed(task);
    case 'test':
      return testNamed(task);
    default:
      return runNamed({ ...task, names: operands });
  }
}

interface Task {
  /** Operands behind the verb. */
  readonly names: readonly string[];
  readonly raw: RawOptions;
  readonly context: CommandContext;
}

/** @throws CourierError USAGE when there is none, or another one */
function onlyOf({ names: [name, second] }: Task, what: string): string {
  if (name === undefined) throw new CourierError('USAGE', `${what} is missing`);
  if (second !== undefined)
    throw new CourierError('USAGE', `unexpected argument: ${quote(second)}`);
  return name;
}

/** By name, or from a file. */
async function loadNamed(name: string, env: Environment): Promise<SpecialAgent> {
  const { isFileWord, loadAgent, loadAgentFile } = await import('../special-agents/catalog.ts');
  return isFileWord(name) ? loadAgentFile(name) : loadAgent(name, env);
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

async function show(task: Task): Promise<void> {
  const name = onlyOf(task, 'NAME');
  const { env, writeOutput } = task.context;
  const { loadRecipeOf } = await import('../special-agents/catalog.ts');
  const { describeCoded, describeRecipe } = await import('../special-agents/describe.ts');
  const recipe = await loadRecipeOf(name, env);
  const text =
    recipe === undefined ? describeCoded(await loadNamed(name, env)) : describeRecipe(recipe);
  await writeOutput(Buffer.from(text));
}

async function init(task: Task): Promise<void> {
  const name = onlyOf(task, 'NAME');
  const { env, writeOutput } = task.context;
  const [{ layRecipe }, { toSampleRecipe }, { toJsonSchema }] = await Promise.all([
    import('../special-agents/catalog.ts'),
    import('../special-agents/sample.ts'),
    import('../special-agents/recipe/schema.ts'),
  ]);
  const schema = `${JSON.stringify(toJsonSchema(), null, 2)}\n`;
  const paths = await layRecipe(name, { text: toSampleRecipe(name), schema }, env);
  await writeOutput(Buffer.from(paths.map((path) => `${path}\n`).join('')));
}

/** Tells of every mistake; the exit code is that of CONFIG when there is any. */
async function validate({ names, context }: Task): Promise<void> {
  if (names.length === 0) throw new CourierError('USAGE', 'NAME or FILE is missing');
  const { findProblemsIn } = await import('../special-agents/catalog.ts');
  let count = 0;
  for (const word of names) {
    const { origin, problems } = await findProblemsIn(word, context.env);
    count += problems.length;
    const lines = problems.map(({ line, message }) => `${origin}:${line}: ${cleanText(message)}\n`);
    await context.writeOutput(Buffer.from(lines.join('') || `${origin}: a good recipe\n`));
  }
  if (count > 0)
    throw new CourierError('CONFIG', count === 1 ? 'one mistake' : `${count} mistakes`);
}

async function runNamed(task: Task): Promise<void> {
  const [name = '', ...operands] = task.names;
  const { context, raw } = task;
  const { runAgent } = await import('../special-agents/run-agent.ts');
  context.requireOutput?.();
  const special = await loadNamed(name, context.env);
  await naming(special, async () => {
    const own = withOperands(pickOptions(raw, special.options), operands, special);
    const output = await runAgent(special, own, toCall(task));
    await context.writeOutput(output);
  });
}

/** @throws CourierError USAGE without a name */
async function loadFirst({ names: [name, ...operands], context, raw }: Task) {
  if (name === undefined) throw new CourierError('USAGE', 'NAME is missing');
  const special = await loadNamed(name, context.env);
  return { special, own: withOperands(pickOptions(raw, special.options), operands, special) };
}

async function recordNamed(task: Task): Promise<void> {
  const { special, own } = await loadFirst(task);
  const { to: directory, replace } = parseOptions(verbOptions, pickOptions(task.raw, verbOptions));
  if (directory === undefined) throw new CourierError('USAGE', '--to is missing');
  const { record, toReplace } = await import('../special-agents/trial.ts');
  await naming(special, async () => {
    const place = { directory, replace: toReplace(replace) };
    const output = await record(special, own, toCall(task), place);
    await task.context.writeOutput(output);
  });
}

async function testNamed(task: Task): Promise<void> {
  const { context, raw } = task;
  const { special, own } = await loadFirst(task);
  const { from: directory, renew: isRenewed } = parseOptions(
    verbOptions,
    pickOptions(raw, verbOptions),
  );
  if (directory === undefined) throw new CourierError('USAGE', '--from is missing');
  const { describeDifference, renew, replay } = await import('../special-agents/trial.ts');
  await naming(special, async () => {
    const replayed = await replay(special, own, toCall(task), directory);
    await context.writeOutput(Buffer.from(replayed.output));
    if (isRenewed) return renew(directory, replayed.output);
    if (replayed.expected === undefined) return;
    const difference = describeDifference(replayed);
    if (difference !== undefined)
      throw new CourierError('MALFORMED', `not what is expected: ${difference}`);
  });
}

function toCall({ raw, context }: Task): AgentCall {
  const { host, address, maxSize } = parseOptions(runOptions, pickOptions(raw, runOptions));
  const { log, clock, env, shutdown: signal } = context;
  // Whoever says `-v` sees what is asked and answered, line by line.
  const trace = context.isVerbose === true ? (line: string) => log.info({}, line) : undefined;
  return { host, address, signal, log, clock, env, maxOutputBytes: maxSize, trace };
}

/** A fault says which agent it is of. */
async function naming({ name }: SpecialAgent, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CourierError) || error.where !== undefined) throw error;
    throw new CourierError(error.code, error.message, { cause: error, where: ['agent', name] });
  }
}
