/** `cmk-courier rule`: the rules of Checkmk that run us, made and removed through its REST API. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { printJson } from '../cli/json-document.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { runVerb, type VerbTask } from '../cli/verbs.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { siteOptions } from '../setup/rest/site-options.ts';
import {
  parseFolder,
  parseHostCondition,
  parseLabel,
  type Selection,
} from '../setup/rules/selection.ts';

const options = {
  host: {
    kind: 'list',
    placeholder: 'NAME',
    describe: 'a host the rule is for, or ~ and a regular expression',
    parse: parseHostCondition,
  },
  label: {
    kind: 'list',
    placeholder: 'NAME:VALUE',
    describe: 'a label its hosts must have',
    parse: parseLabel,
  },
  folder: {
    kind: 'value',
    placeholder: 'FOLDER',
    describe: 'the folder its hosts are in, and those below; / is every host',
    parse: parseFolder,
  },
  ready: {
    kind: 'switch',
    describe: 'with install: take what the collector has ready (cmk-courier-ready)',
  },
  specialAgent: {
    kind: 'switch',
    describe: 'the rule set of the package cmk_courier, in place of "Individual program call"',
  },
  activate: {
    kind: 'switch',
    describe: 'activate the change, unless changes of others wait as well',
  },
  dryRun: { kind: 'switch', describe: 'only say what would be done' },
  json: { kind: 'switch', describe: 'with show: print JSON' },
  ...siteOptions,
} as const satisfies OptionTable;

export type RuleValues = OptionValues<typeof options>;

export const rule: CommandModule = defineCommand({
  summary: 'show, make and remove the rules of Checkmk that run cmk-courier',
  usage: 'rule show | install [-- FETCH-OPTIONS SOURCE…] | remove',
  examples: [
    ['rule install --host=web01', 'web01 gets its output as the routes file says'],
    [
      'rule install --folder=/branches --ready --activate',
      'from the collector, and active at once',
    ],
    [
      'rule install --label=os:vms -- --max-age=15m /var/drops/{host}',
      'without a routes file: options and sources of fetch behind --',
    ],
    ['rule install --host=web01 --dry-run', 'what would be made, and which rules are in its way'],
    ['rule show', 'all rules that run programs, in the order in which they count'],
    ['rule remove --host=web01', 'the rule that was made with the same options'],
    [
      'rule show --url=https://monitor.example/mysite --secret-file=automation.secret',
      'from another machine',
    ],
  ],
  options,
  run: (operands, values, context) => runVerb(verbs, { operands, values, context }),
});

type Task = VerbTask<RuleValues>;

const verbs: Readonly<Record<string, (task: Task) => Promise<void>>> = { show, install, remove };

async function install({ operands, values, context }: Task): Promise<void> {
  const [{ installRule }, { toRuleValue }] = await Promise.all([
    import('../setup/rules/administering.ts'),
    import('../setup/rules/rule-value.ts'),
  ]);
  const selection = readSelection(values);
  if (operands.length > 0) await requireFetchable(operands, values, context);
  const value = toRuleValue({ ...values, words: operands });
  const api = await openApi(values, context);
  const { lines, isDone } = await installRule(api, { selection, ...value }, values.dryRun);
  await print([...lines, ...(await findLack(value.shown, values, context))], context);
  await finish(api, !isDone, { operands, values, context });
}

/** On the site, whether it would find what the rule runs; without it, hosts go dark. */
async function findLack(
  line: string,
  { url, specialAgent }: RuleValues,
  { env }: CommandContext,
): Promise<readonly string[]> {
  const root = env['OMD_ROOT'];
  if (!root || url !== undefined || specialAgent) return [];
  const { hasProgram } = await import('../setup/rules/site-programs.ts');
  const [program = ''] = line.split(' ');
  if (await hasProgram(root, program)) return [];
  return [`the site has no ~/local/bin/${program} yet: until then the host has no data`];
}

/** What the program would refuse every minute is refused once, here. */
async function requireFetchable(
  words: readonly string[],
  { ready, specialAgent }: RuleValues,
  context: CommandContext,
): Promise<void> {
  if (ready || specialAgent) {
    const option = ready ? '--ready' : '--special-agent';
    throw new CourierError('USAGE', `${option} goes by the routes file and takes no sources`);
  }
  const [{ fetch }, { readInvocation }, { planSources }] = await Promise.all([
    import('./fetch.ts'),
    import('../cli/read-invocation.ts'),
    import('../fetching/source-plan.ts'),
  ]);
  const { parseHostName } = await import('../names/host-name.ts');
  const invocation = await readInvocation(fetch, words, context.env);
  const { host, address, verbose: _, debug: __, ...raw } = invocation.options;
  if (host !== undefined || address !== undefined) {
    throw new CourierError('USAGE', 'the rule brings --host and --address itself');
  }
  if (invocation.operands.length === 0) {
    throw new CourierError('USAGE', 'a SOURCE is missing behind --; without --, routes decide');
  }
  const target = { host: parseHostName('host'), address: '192.0.2.1' };
  await planSources({ ...invocation, options: raw }, target, context).catch((error: unknown) => {
    // A file with a secret may be on the site only.
    const isElsewhere = error instanceof CourierError && ['CONFIG', 'LOCAL'].includes(error.code);
    if (!isElsewhere) throw error;
  });
}

async function remove(task: Task): Promise<void> {
  const { operands, values, context } = task;
  requireNone(operands, 'remove');
  const [{ describeCopy, describeRule, findOurs, removeRule }, { listRules }] = await Promise.all([
    import('../setup/rules/administering.ts'),
    import('../setup/rules/rule-list.ts'),
  ]);
  const selection = readSelection(values);
  const api = await openApi(values, context);
  const rules = await listRules(api, await toRuleSet(values));
  const { own, copies } = findOurs(rules, selection);
  await print(copies.map(describeCopy), context);
  if (own.length === 0) {
    await print(
      ['no rule of ours for exactly these hosts; `cmk-courier rule show` lists them'],
      context,
    );
    return;
  }
  for (const rule of own) {
    if (!values.dryRun) await removeRule(api, rule.id);
    await print([`${values.dryRun ? 'would be ' : ''}removed: ${describeRule(rule)}`], context);
  }
  await finish(api, !values.dryRun, task);
}

async function show({ operands, values, context }: Task): Promise<void> {
  requireNone(operands, 'show');
  const { toReport, toLines } = await import('../setup/rules/report.ts');
  const api = await openApi(values, context);
  const report = await toReport(api, await toRuleSet(values), { hosts: values.host });
  if (values.json) await printJson(report, context);
  else await print(toLines(report), context);
}

async function toRuleSet({ specialAgent }: RuleValues): Promise<string> {
  const sets = await import('../setup/rules/rule-list.ts');
  return specialAgent ? sets.specialAgent : sets.programs;
}

/** A rule for every host is never made by leaving something out. */
function readSelection({ host, label, folder }: RuleValues): Selection {
  if (host.length === 0 && label.length === 0 && folder === undefined) {
    throw new CourierError(
      'USAGE',
      'which hosts? --host, --label or --folder says it; --folder=/ is every host',
    );
  }
  return { hosts: [...new Set(host)], labels: [...new Set(label)], folder: folder ?? '/' };
}

type Api = Awaited<ReturnType<typeof openApi>>;

async function openApi(values: RuleValues, context: CommandContext) {
  const [{ RestApi }, { findAccess }] = await Promise.all([
    import('../setup/rest/rest-api.ts'),
    import('../setup/rest/site-options.ts'),
  ]);
  return new RestApi(await findAccess(values, context), context);
}

/** Activates what was changed, or says that it waits. */
async function finish(api: Api, hasChanged: boolean, { values, context }: Task): Promise<void> {
  if (values.dryRun) return;
  if (!values.activate) {
    if (hasChanged) await print(['not active yet: --activate does it, or Checkmk itself'], context);
    return;
  }
  const { activateOwn } = await import('../setup/rules/activating.ts');
  await print(await activateOwn(api, context), context);
}

function requireNone([operand]: readonly string[], verb: string): void {
  if (operand === undefined) return;
  throw new CourierError(
    'USAGE',
    `rule ${verb} takes no ${quote(operand)}; options say which hosts`,
  );
}

async function print(lines: readonly string[], { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(lines.map((line) => `${line}\n`).join('')));
}
