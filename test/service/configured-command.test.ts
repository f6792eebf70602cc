import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { defineCommand } from '../../src/cli/command.ts';
import { parseText } from '../../src/cli/option-types.ts';
import { collect } from '../../src/commands/collect.ts';
import { withConfiguration } from '../../src/service/configured-command.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const text = { kind: 'value', placeholder: 'TEXT', describe: 'one', parse: parseText } as const;
const list = { kind: 'list', placeholder: 'TEXT', describe: 'some', parse: parseText } as const;
const check = { kind: 'switch', describe: 'only look' } as const;

/** A command that prints its options, and a site with its file. */
async function makeSite(t: TestContext, content?: string) {
  const site = await makeTempDir(t);
  const directory = join(site, 'etc/cmk-courier');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'own.yaml');
  if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
  const printing = defineCommand({
    ...{ summary: '', usage: 'own', examples: [], options: { oneText: text, list, check } },
    run: (_, values, { writeOutput }) => writeOutput(Buffer.from(JSON.stringify(values))),
  });
  const command = withConfiguration(printing, 'own.yaml', ['check']);
  const run = async (options = {}) => {
    const context = makeCommandContext();
    await command.run({ operands: [], options }, { ...context, env: { OMD_ROOT: site } });
    return JSON.parse(context.said.output);
  };
  return { site, path, run };
}

test('options of a file that is there are taken, and those of the command line go first', async (t) => {
  const { run } = await makeSite(t, 'one-text: a\nlist: [b, c]\n');
  assert.deepEqual(await run(), { oneText: 'a', list: ['b', 'c'], check: false });
  assert.deepEqual(await run({ oneText: ['x'], list: ['y'], check: ['true'] }), {
    ...{ oneText: 'x', list: ['y'], check: true },
  });
});

test('without a file nothing is missing, but one that is named has to be there', async (t) => {
  const { site, run } = await makeSite(t);
  assert.deepEqual(await run(), { list: [], check: false });
  await expectFault(run({ config: [join(site, 'none.yaml')] }), 'LOCAL', /no such file/);
});

test('a mistake in the file has its line, and a file that others may write is not believed', async (t) => {
  const { path, run } = await makeSite(t, 'list: a\none-txt: b\n');
  await expectFault(run(), 'CONFIG', /own\.yaml:2: unknown key "one-txt"; is one-text meant\?$/);
  writeFileSync(path, 'check: true\n');
  await expectFault(run(), 'CONFIG', /:1: unknown key "check"; /);
  writeFileSync(path, 'list: a\n');
  chmodSync(path, 0o666);
  await expectFault(run(), 'CONFIG', /others may change .*own\.yaml/);
});

test('the collector of a site is a relay where its file says so', async (t) => {
  const { site } = await makeSite(t);
  const directory = join(site, 'etc/cmk-courier');
  const route = "routes: [{ hosts: [a], sources: 'exec:/bin/true', every: 1m }]\n";
  writeFileSync(join(directory, 'routes.yaml'), route, { mode: 0o600 });
  const path = join(directory, 'collector.yaml');
  writeFileSync(path, 'forward: http://monitor.example/mysite\n', { mode: 0o600 });
  const run = (options: Readonly<Record<string, readonly string[]>>) =>
    collect.run(
      { operands: [], options },
      { ...makeCommandContext(), env: { OMD_ROOT: site, HOME: site } },
    );
  const said =
    /collector\.yaml:1: forward must be https:\/\/HOST:PORT or https:\/\/HOST:PORT\/SITE$/;
  await expectFault(run({ check: ['true'] }), 'CONFIG', said);
  writeFileSync(path, 'forward: https://monitor.example/mysite\n', { mode: 0o600 });
  await run({ check: ['true'] });
  await expectFault(run({}), 'USAGE', /^--forward needs --token-file, --token-id or --cert/);
});
