/** Whatever the form of the rule accepts, the program takes: forms filled in at random. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readRuleForm } from '../../../.tools/checkmk-family/family.ts';
import type { Invocation } from '../../../src/cli/command.ts';
import { readInvocation } from '../../../src/cli/read-invocation.ts';
import { fetch } from '../../../src/commands/fetch.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { planSources } from '../../../src/fetching/source-plan.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { realApi, withoutPython, withoutRealApi } from '../../helpers/family-python.ts';
import {
  type Filling,
  fillIn,
  refusingUsage,
  requireNoSecret,
} from '../../helpers/filled-forms.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const count = process.env['COURIER_TEST_LONG'] ? 50_000 : 1000;
const timeout = 600_000;

const target = { host: parseHostName('web01'), address: '192.0.2.7' };

/** As `main` and `fetch` do, up to where the network begins. */
async function take(args: readonly string[], home: string): Promise<Invocation> {
  const [verb, ...rest] = args;
  // What cmk-courier-ready becomes where nothing lies ready.
  const line = verb === 'ready' ? [`--host=${rest[0]}`, ...rest.slice(1)] : rest;
  const env = { HOME: home, OMD_ROOT: home, PATH: process.env['PATH'] };
  const invocation = await readInvocation(fetch, line, env);
  const context = { ...makeCommandContext(), env };
  if (invocation.alternatives === undefined) {
    await refusingUsage(() => fetch.run(invocation, context));
    return invocation;
  }
  const { passphraseId: _, passphraseFile: __, ...others } = invocation.options;
  await refusingUsage(() => planSources(invocation, target, context));
  const plan = await planSources({ ...invocation, options: others }, target, context);
  assert.equal(plan.steps.length, invocation.alternatives.length);
  assert.equal(plan.with.length, invocation.with?.length ?? 0);
  for (const { module, source } of [...plan.steps, ...plan.with]) {
    await refusingUsage(async () => (await module.open(source, makeOpenContext({ env }))).close());
  }
  return invocation;
}

/** Every argument arrives as it was written. */
function requireAll(args: readonly string[], invocation: Invocation): void {
  const parts = [invocation, ...(invocation.alternatives ?? []), ...(invocation.with ?? [])];
  const arrived = parts.flatMap(({ options, operands }) => [
    ...operands,
    ...Object.entries(options).flatMap(([name, texts]) =>
      texts.map((text) => `${name.toLowerCase()}=${text}`),
    ),
  ]);
  const written = args.slice(args[0] === 'ready' ? 2 : 1).filter((arg) => !isMark(arg));
  for (const arg of written.filter((one) => /^--[a-z-]+=/.test(one))) {
    const [flag = ''] = arg.split('=', 1);
    const name = flag.replaceAll('-', '');
    assert.ok(arrived.includes(`${name}${arg.slice(flag.length)}`), arg);
  }
  const sources = args.filter((_, index) => isMark(args[index - 1]));
  assert.deepEqual(
    parts.flatMap(({ operands }) => operands),
    sources,
  );
}

function isMark(arg: string | undefined): boolean {
  return arg === '--or' || arg === '--with';
}

/** Of every option a form has; of a secret, that for the password store. */
async function flagsOfForm(): Promise<readonly string[]> {
  const { sources, rules, common, routes } = await readRuleForm();
  const fields = [...sources.flatMap((source) => source.fields), ...rules, ...common, ...routes];
  return fields.map(
    ({ key, kind }) => `--${key.replaceAll('_', '-')}${kind === 'secret' ? '-id' : ''}`,
  );
}

/** The recipe that the form proposes; one without parameters that have to be given. */
function writeOwnRecipe(home: string): void {
  const agents = join(home, 'etc/cmk-courier/agents');
  mkdirSync(agents, { recursive: true });
  const recipe = [
    'recipe: 1',
    'title: Own product',
    'steps:',
    "  - { name: state, get: 'https://{address}/state' }",
    'sections:',
    '  - { name: own_product, separator: 0, each: state, json: state }',
  ];
  writeFileSync(join(agents, 'own_product.yaml'), `${recipe.join('\n')}\n`);
}

async function check(t: TestContext, filling: Filling): Promise<void> {
  const home = await makeTempDir(t);
  writeOwnRecipe(home);
  const known = new Set<string>();
  for (const { form, arguments: args } of await fillIn(t, filling)) {
    requireNoSecret(form, args);
    try {
      requireAll(args, await take(args, home));
    } catch (error) {
      // Which recipes a site has no form can know.
      if (error instanceof CourierError && error.message.startsWith('no special agent ')) continue;
      throw new Error(`seed ${filling.seed}: ${args.map((arg) => JSON.stringify(arg)).join(' ')}`, {
        cause: error,
      });
    }
    for (const arg of args) known.add(arg.split('=', 1)[0] ?? arg);
  }
  // It was no test of empty forms.
  const expected = filling.times === 0 ? await flagsOfForm() : ['--password-id', '--ssh-kex'];
  for (const flag of expected) assert.ok(known.has(flag), flag);
}

test('no form that is accepted makes a command line the program refuses, and none holds a secret', {
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
