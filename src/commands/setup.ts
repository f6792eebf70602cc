/** `cmk-courier setup`: the assistant for the first time. */

import { isSea } from 'node:sea';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { type OptionTable, type OptionValues, parseOptions, withFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import { siteOptions } from '../setup/rest/site-options.ts';
import { parseFolder } from '../setup/rules/selection.ts';

const options = {
  address: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'address of the host, where a source needs it',
    parse: parseAddress,
  },
  folder: {
    kind: 'value',
    placeholder: 'FOLDER',
    describe: 'the folder the host gets into if it is not in Checkmk yet',
    parse: parseFolder,
    fallback: '/',
  },
  collect: { kind: 'switch', describe: 'also install the collector as a service of the site' },
  specialAgent: {
    kind: 'switch',
    describe: 'make the rule "Agent courier" of the package, in place of "Individual program call"',
  },
  yes: { kind: 'switch', describe: 'do every step without asking' },
  dryRun: { kind: 'switch', describe: 'show and try, and change nothing' },
  ...siteOptions,
} as const satisfies OptionTable;

export type SetupValues = OptionValues<typeof options>;

export const setup: CommandModule = defineCommand({
  summary: 'from an installed program to the first section of a host, step by step',
  usage: 'setup [HOST] [-- SOURCE FETCH-OPTIONS…]',
  examples: [
    ['setup', 'asks, shows every step, and does it when you agree'],
    [
      'setup web01 --dry-run -- https://depot.example/agent/{host}',
      'tries it, and changes nothing',
    ],
    [
      'setup web01 --address=192.0.2.7 --yes -- tcp://{address}',
      'host, route, rule and activation without a question',
    ],
  ],
  options,
  keepsFiles: { options: [] },
  run,
});

async function run(
  [name, ...words]: readonly string[],
  values: SetupValues,
  context: CommandContext,
): Promise<void> {
  const { setUp } = await import('../setup/assistant/assistant.ts');
  const host = name === undefined ? undefined : withFlag('HOST', () => parseHostName(name));
  const helpers = {
    readSources: (given: readonly string[]) => readSources(given, context.env),
    openApi: () => openApi(values, context),
    installCollector: () => installCollector(context),
  };
  await setUp({ ...values, host, words }, helpers, context);
}

async function readSources(words: readonly string[], env: CommandContext['env']) {
  const [{ fetch }, { readInvocation }, { ruleOptions }] = await Promise.all([
    import('./fetch.ts'),
    import('../cli/read-invocation.ts'),
    import('../fetching/fetch-options.ts'),
  ]);
  const invocation = await readInvocation(fetch, words, env);
  const given = Object.entries(invocation.options);
  const rules = given.filter(([option]) => Object.hasOwn(ruleOptions, option));
  // Here the line names the option; from the trial it would name a file nobody has seen.
  parseOptions(ruleOptions, Object.fromEntries(rules));
  if (invocation.operands.length > 0) return invocation;
  throw new CourierError('USAGE', 'a SOURCE is missing, such as https://depot.example/{host}');
}

async function openApi(values: SetupValues, context: CommandContext) {
  const [{ RestApi }, { findAccess }] = await Promise.all([
    import('../setup/rest/rest-api.ts'),
    import('../setup/rest/site-options.ts'),
  ]);
  return new RestApi(await findAccess(values, context), context);
}

/** As `cmk-courier service install` does it, and what it says to do next. */
async function installCollector(context: CommandContext): Promise<readonly string[]> {
  if (!isSea()) {
    throw new CourierError(
      'USAGE',
      'only the executable can be a service: service install --program',
    );
  }
  const [{ planService }, { install }, { services }, { runInSite }] = await Promise.all([
    import('../service/plan.ts'),
    import('../service/installing.ts'),
    import('../service/service.ts'),
    import('../setup/assistant/site.ts'),
  ]);
  const plan = planService(services.collect, { env: context.env, isRoot: false });
  install(plan, plan.toText([process.execPath]), false);
  for (const line of plan.next.installed) {
    const [program = '', ...args] = line.split(' ');
    await runInSite(program, args, context);
  }
  return [`wrote ${plan.path}`, ...plan.next.installed.map((line) => `did ${line}`)];
}
