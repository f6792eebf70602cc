/** `cmk-courier updates init`, `validate`, `schema` and `explain`: the file that says what runs where. */

import { dirname, join } from 'node:path';
import { type CommandContext, type CommandModule, defineCommand } from '../../cli/command.ts';
import type { Environment } from '../../cli/environment.ts';
import { parsePath } from '../../cli/option-types.ts';
import type { OptionTable, ValueSpec } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { parseHostName } from '../../names/host-name.ts';
import { type SiteValues, siteOptions } from '../../setup/rest/site-options.ts';
import { findConfiguration } from '../../system/configuration-place.ts';

/** The option that names another file, for every command that reads it. */
export const updatesOption: ValueSpec<string> = {
  kind: 'value',
  placeholder: 'FILE',
  describe: 'what runs on which host; by default updates.yaml of the site or user',
  parse: parsePath,
};

const fileOption = { updates: updatesOption } as const satisfies OptionTable;

export const init: CommandModule = defineCommand({
  summary: 'make a commented updates.yaml, and its schema for editors',
  usage: 'updates init',
  examples: [['updates init', 'a sample that is valid as it is: one rule for all hosts']],
  options: fileOption,
  keepsFiles: { options: ['updates'] },
  run: async (operands, { updates }, context) => {
    requireNone('init', operands);
    const { makeSample } = await import('../../updates/configuration/making.ts');
    const path = toPath(updates, context.env);
    const schemaPath = join(dirname(path), 'updates.schema.json');
    await makeSample(path, schemaPath);
    await print(`${path}\n${schemaPath}\n`, context);
  },
});

export const schema: CommandModule = defineCommand({
  summary: 'print the schema of updates.yaml, for editors',
  usage: 'updates schema',
  examples: [['updates schema >updates.schema.json', 'beside the file']],
  options: {},
  run: async (operands, _values, context) => {
    requireNone('schema', operands);
    const { toJsonSchema } = await import('../../updates/configuration/schema.ts');
    await print(`${JSON.stringify(toJsonSchema(), null, 2)}\n`, context);
  },
});

const validateOptions = {
  ...fileOption,
  json: { kind: 'switch', describe: 'print JSON' },
} as const satisfies OptionTable;

export const validate: CommandModule = defineCommand({
  summary: 'tell every mistake in updates.yaml, with its line',
  usage: 'updates validate',
  examples: [['updates validate', 'nothing is asked of anybody, only the file is read']],
  options: validateOptions,
  run: async (operands, { updates, json }, context) => {
    requireNone('validate', operands);
    const { readUpdates, toFault } = await import('../../updates/configuration/load.ts');
    const { toLines } = await import('../../updates/configuration/making.ts');
    const path = toPath(updates, context.env);
    const read = await readUpdates(path);
    const problems = 'problems' in read ? read.problems : [];
    const rules = 'updates' in read ? read.updates.rules.length : 0;
    const warnings = 'updates' in read ? read.updates.warnings : [];
    const document = { path, rules, problems, warnings };
    await print(json ? `${JSON.stringify(document, null, 2)}\n` : toLines(document), context);
    if (problems.length > 0) throw toFault(path, problems);
  },
});

const { url, user, secretFile, ca } = siteOptions;

/** To ask the site for its hosts, where the file names no list of them. */
export const hostSourceOptions = {
  ...fileOption,
  url,
  user,
  secretFile,
  ca,
} as const satisfies OptionTable;

const explainOptions = {
  ...hostSourceOptions,
  json: { kind: 'switch', describe: 'print JSON' },
} as const satisfies OptionTable;

export const explain: CommandModule = defineCommand({
  summary: 'show what holds for a host, and from which rule each of it is',
  usage: 'updates explain HOST',
  examples: [['updates explain web01', 'also the rules that do not hold for it, and why']],
  options: explainOptions,
  run: async ([name, extra], { json, ...values }, context) => {
    if (name === undefined || extra !== undefined) {
      throw new CourierError('USAGE', 'one HOST must be named, such as `updates explain web01`');
    }
    const host = parseHostName(name);
    const { loadUpdates } = await import('../../updates/configuration/load.ts');
    const { explainHost, toText } = await import('../../updates/configuration/explanation.ts');
    const updates = await loadUpdates(toPath(values.updates, context.env));
    const hosts = await readHosts(updates, values, context);
    const known = hosts.find((listed) => listed.host === host);
    if (known === undefined) {
      throw new CourierError('USAGE', `there is no host ${quote(host)} in the list of hosts`);
    }
    const explained = explainHost(updates, known);
    await print(json ? `${JSON.stringify(explained, null, 2)}\n` : toText(explained), context);
  },
});

/** The file as given, else where it is by default. */
export function toPath(given: string | undefined, env: Environment): string {
  return given ?? findConfiguration('updates.yaml', env);
}

/** Hosts of the list that the file names, else of the site. */
export async function readHosts(
  updates: import('../../updates/configuration/rules.ts').Updates,
  values: SiteValues,
  context: CommandContext,
  memory?: import('../../updates/configuration/remembered-hosts.ts').Memory,
): Promise<readonly import('../../updates/configuration/rules.ts').KnownHost[]> {
  const { readKnownHosts } = await import('../../updates/configuration/known-hosts.ts');
  return readKnownHosts(
    updates,
    async () => {
      const [{ RestApi }, { findAccess }] = await Promise.all([
        import('../../setup/rest/rest-api.ts'),
        import('../../setup/rest/site-options.ts'),
      ]);
      const access = await findAccess(values, context).catch((error: unknown) => {
        if (!(error instanceof CourierError) || error.code !== 'USAGE') throw error;
        const how = `${updates.path} names no \`hostList\`, a file of hosts, and ${error.message}`;
        throw new CourierError('USAGE', how, { cause: error });
      });
      return new RestApi(access, context);
    },
    memory,
  );
}

function requireNone(verb: string, [extra]: readonly string[]): void {
  if (extra === undefined) return;
  throw new CourierError('USAGE', `updates ${verb} takes no ${quote(extra)}`);
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}
