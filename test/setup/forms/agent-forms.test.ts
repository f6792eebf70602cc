/** Whatever the form of a special agent accepts, the program takes: forms filled in at random. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readAgentForms } from '../../../.tools/checkmk-family/agents.ts';
import type { Field } from '../../../.tools/checkmk-family/fields.ts';
import { globalOptions, readArguments } from '../../../src/cli/read-arguments.ts';
import { agent as command } from '../../../src/commands/agent.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { loadAgent, loadRecipeOf } from '../../../src/special-agents/catalog.ts';
import { parseDialoguePlace } from '../../../src/special-agents/dialogue/place.ts';
import { isOverHttp } from '../../../src/special-agents/recipe/methods.ts';
import { readValues } from '../../../src/special-agents/recipe/parameters.ts';
import type { Recipe } from '../../../src/special-agents/recipe/recipe.ts';
import { openHttp } from '../../../src/special-agents/recipe/recipe-agent.ts';
import { SectionWriter } from '../../../src/special-agents/section-writer.ts';
import type { AgentContext } from '../../../src/special-agents/special-agent.ts';
import { realApi, withoutPython, withoutRealApi } from '../../helpers/family-python.ts';
import {
  type Filling,
  fillIn,
  refusingUsage,
  requireNoSecret,
} from '../../helpers/filled-forms.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const count = process.env['COURIER_TEST_LONG'] ? 20_000 : 120;
const timeout = 600_000;

type RawOptions = ReturnType<typeof readArguments>['options'];
type Take = (raw: RawOptions, context: AgentContext) => Promise<void>;

/** Nothing is asked: there is no time for it. */
function makeContext(home: string): AgentContext {
  const signal = AbortSignal.abort(new CourierError('TIMEOUT', 'nothing is asked here'));
  return {
    ...makeOpenContext({ env: { HOME: home, OMD_ROOT: home } }),
    host: 'web01',
    address: '192.0.2.7',
    signal,
    writer: new SectionWriter(1e6),
    fault: () => undefined,
    countRequest: () => undefined,
  };
}

/** What an agent does with its options, up to where the network begins. */
async function takerFor(name: string): Promise<Take> {
  const recipe = await loadRecipeOf(name, {});
  if (recipe !== undefined) return (raw, context) => takeByRecipe(recipe, raw, context);
  const special = await loadAgent(name, {});
  return (raw, context) => refusingUsage(() => special.run(raw, context));
}

async function takeByRecipe(recipe: Recipe, raw: RawOptions, context: AgentContext): Promise<void> {
  const values = await readValues(recipe, raw, context);
  const text = (key: string) => String(values.open.get(key));
  if (!recipe.steps.some(isOverHttp)) {
    parseDialoguePlace(`telnet://${text('address')}:${text('port')}`);
    return;
  }
  const { first = '', as = '' } = recipe.reach ?? {};
  for (const server of [values.open.get(first)].flat()) {
    const own = { ...values, open: new Map([...values.open, [as, server]]) };
    await refusingUsage(async () => (await openHttp(recipe, raw, own, context)).close());
  }
}

/** Each reference to the store becomes a file that is there. */
function withSecrets(raw: RawOptions, path: string): RawOptions {
  return Object.fromEntries(
    Object.entries(raw).map(([name, texts]) =>
      /[a-z](Id|File)$/.test(name) && name !== 'headerFile'
        ? [name.replace(/Id$/, 'File'), [path]]
        : [name, texts],
    ),
  );
}

/** The flag of a field; of a secret, that for the password store. */
function toArgument({ key, kind }: Field): string {
  return `--${key.replaceAll('_', '-')}${kind === 'secret' ? '-id' : ''}`;
}

async function check(t: TestContext, filling: Omit<Filling, 'ofAgents'>): Promise<void> {
  const home = await makeTempDir(t);
  const secret = join(home, 'secret');
  writeFileSync(secret, 'of no use', { mode: 0o600 });
  const forms = await readAgentForms();
  const takers = new Map<string, Take>();
  for (const { name } of forms) takers.set(name, await takerFor(name));
  const known = new Map(forms.map(({ name }) => [name, new Set<string>()]));
  const context = makeContext(home);
  for (const { form, arguments: args } of await fillIn(t, { ...filling, ofAgents: true })) {
    requireNoSecret(form, args);
    const [verb, name = '', ...rest] = args;
    assert.equal(verb, 'agent');
    const options = forms.find((one) => one.name === name)?.options ?? {};
    try {
      const read = readArguments(rest, [command.options, options, globalOptions]);
      assert.deepEqual(read.operands, []);
      const own = Object.entries(read.options).filter(([key]) => Object.hasOwn(options, key));
      await takers.get(name)?.(withSecrets(Object.fromEntries(own), secret), context);
    } catch (error) {
      throw new Error(`seed ${filling.seed}: ${args.map((arg) => JSON.stringify(arg)).join(' ')}`, {
        cause: error,
      });
    }
    for (const arg of rest) known.get(name)?.add(arg.split('=', 1)[0] ?? arg);
  }
  // It was no test of empty forms.
  for (const { name, fields } of forms) {
    const wanted = fields.filter(({ required }) => filling.times === 0 || required === true);
    const missing = [...wanted.map(toArgument), '--host', '--own-service'].filter(
      (flag) => !known.get(name)?.has(flag),
    );
    assert.deepEqual(missing, [], name);
  }
}

test('no form that is accepted makes a command line the agent refuses, and none holds a secret', {
  skip: withoutPython,
  timeout,
}, async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  await check(t, { seed, times: count });
});

test('each field as the form proposes it is taken', { skip: withoutPython, timeout }, async (t) => {
  await check(t, { seed: 1, times: 0 });
});

test("and so with Checkmk's own modules", {
  skip: withoutRealApi,
  timeout,
}, async (t) => {
  await check(t, { seed: 1, times: 0, api: realApi });
  await check(t, { seed: 1, times: count, api: realApi });
});
