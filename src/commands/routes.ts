/** `cmk-courier routes`: makes, checks, explains and tries the routes file. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parsePath } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { runVerb, type VerbTask } from '../cli/verbs.ts';
import { CourierError, cleanText, quote } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import type { Target } from '../transports/source.ts';

const options = {
  routes: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'the routes file; by default routes.yaml of the site or user',
    parse: parsePath,
  },
  address: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'with explain and test: address of the host',
    parse: parseAddress,
    fallback: '',
  },
  tags: {
    kind: 'list',
    placeholder: 'TAGS',
    describe: "with explain and test: the host's tags, separated by blanks",
    parse: String,
  },
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with test: where the last good output is kept for routes with grace',
    parse: parsePath,
  },
  json: { kind: 'switch', describe: 'with validate, explain and test: print JSON' },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const routes: CommandModule = defineCommand({
  summary: 'make, check, explain and try the file that says where output comes from',
  usage: 'routes init | validate | explain HOST | test HOST | schema',
  examples: [
    ['routes init', 'a commented sample, and its schema for editors'],
    ['routes validate', 'every mistake in the file, with its line'],
    ['routes explain web01', 'which route the host has, and all that holds for it'],
    ['routes test web01 --address=192.0.2.7', 'ask each source of the host, and time it'],
  ],
  options,
  keepsFiles: { options: ['routes'], verbs: ['init'] },
  run: async (operands, values, context) => {
    const { defaultRoutesPath } = await import('../routes/load.ts');
    const path = values.routes ?? defaultRoutesPath(context.env);
    await runVerb(verbs, { path, operands, values, context });
  },
});

interface Task extends VerbTask<Values> {
  readonly path: string;
}

const verbs: Readonly<Record<string, (task: Task) => Promise<void>>> = {
  init,
  validate,
  explain,
  test,
  schema: async ({ operands, context }) => {
    requireNone(operands, 'schema');
    await print(await schemaText(), context);
  },
};

async function init({ path, operands, context }: Task): Promise<void> {
  requireNone(operands, 'init');
  const { sample } = await import('../routes/sample.ts');
  const schemaPath = join(dirname(path), 'routes.schema.json');
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    writeFileSync(path, sample, { flag: 'wx', mode: 0o640 });
    writeFileSync(schemaPath, await schemaText(), { mode: 0o640 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw asCourierError(error, `writing ${path}`);
    throw new CourierError('USAGE', `${path} is there already, and stays as it is`);
  }
  await print(`${path}\n${schemaPath}\n`, context);
}

async function schemaText(): Promise<string> {
  const { toJsonSchema } = await import('../routes/schema.ts');
  return `${JSON.stringify(toJsonSchema(), null, 2)}\n`;
}

/** Who has more than that has one mistake many times. */
const mostShown = 200;

/** All mistakes go to stdout, for people and editors; the line on stderr counts them. */
async function validate({ path, operands, values, context }: Task): Promise<void> {
  requireNone(operands, 'validate');
  const { findProblems } = await import('../fetching/route-problems.ts');
  const { readHostList } = await import('../collector/host-list.ts');
  const { problems, count } = await findProblems(path, { context, readHostList });
  if (values.json) {
    await print(`${JSON.stringify({ path, routes: count, problems }, null, 2)}\n`, context);
  } else if (problems.length === 0) {
    await print(`${path}: ${count} ${count === 1 ? 'route' : 'routes'}, no mistakes\n`, context);
  } else {
    const shown = problems.slice(0, mostShown);
    const lines = shown.map(({ line, message }) => `${path}:${line}: ${cleanText(message)}\n`);
    const more = problems.length - shown.length;
    if (more > 0) lines.push(`… ${more} more\n`);
    await print(lines.join(''), context);
  }
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? `; and ${problems.length - 1} more` : '';
  throw new CourierError('CONFIG', `${path}:${first.line}: ${first.message}${more}`);
}

async function explain(task: Task): Promise<void> {
  const { explainRoute, toText } = await import('../fetching/route-explanation.ts');
  const { tags, target } = await readHost('explain', task);
  const explained = await explainRoute(task.path, target, tags);
  const text = task.values.json ? `${JSON.stringify(explained, null, 2)}\n` : toText(explained);
  await print(text, task.context);
  if (explained.route === null) {
    throw new CourierError('CONFIG', `${task.path}: no route fits ${quote(target.host)}`);
  }
}

async function test(task: Task): Promise<void> {
  const { testRoute, toLine } = await import('../fetching/route-test.ts');
  const { tags, target } = await readHost('test', task);
  const { context, values } = task;
  const tell = values.json ? undefined : (line: string) => print(line, context);
  const asked = { path: task.path, target, tags, spool: values.spool };
  const outcome = await testRoute(asked, context, async (rehearsed, isBeside) =>
    tell?.(toLine(rehearsed, isBeside)),
  );
  const { fault, ...shown } = outcome;
  if (values.json) await print(`${JSON.stringify(shown, null, 2)}\n`, context);
  else await print(`${shown.verdict}\n`, context);
  if (fault !== undefined) throw fault;
}

async function readHost(
  verb: string,
  { operands, values }: Task,
): Promise<{ tags: readonly string[]; target: Target }> {
  const { splitTags } = await import('../fetching/routed.ts');
  const [name, extra] = operands;
  if (name === undefined || extra !== undefined) {
    throw new CourierError('USAGE', `one HOST must be named, such as \`routes ${verb} web01\``);
  }
  return {
    tags: splitTags(values.tags),
    target: { host: parseHostName(name), address: values.address },
  };
}

function requireNone(operands: readonly string[], verb: string): void {
  const [operand] = operands;
  if (operand === undefined) return;
  throw new CourierError(
    'USAGE',
    `routes ${verb} takes no ${quote(operand)}; --routes names a file`,
  );
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}
