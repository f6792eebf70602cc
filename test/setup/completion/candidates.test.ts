import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toFlag } from '../../../src/cli/options.ts';
import { commands } from '../../../src/commands/catalog.ts';
import { main } from '../../../src/main.ts';
import { joinBroken, unquote } from '../../../src/setup/completion/answer.ts';
import { findCandidates } from '../../../src/setup/completion/candidates.ts';
import { readUsage } from '../../../src/setup/completion/usage.ts';
import { catalog } from '../../../src/transports/catalog.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const surroundings = {
  commands,
  schemes: catalog,
  findHosts: async () => ['db1', 'web01', 'web02'],
};

/** The words offered for a line, of which the last is being typed. */
async function offered(line: string): Promise<readonly string[] | string> {
  const found = await findCandidates(line.split(' ').slice(1), surroundings);
  return found.kind === 'words' ? found.words.map(({ word }) => word) : found.kind;
}

const known: Readonly<Record<string, readonly string[] | string>> = {
  'cmk-courier rou': ['routes'],
  'cmk-courier help rou': ['routes'],
  'cmk-courier help routes ': [],
  'cmk-courier nothing ': [],
  'cmk-courier hosts ': ['list', 'allow', 'deny', 'token', 'certificate', 'revoke'],
  'cmk-courier hosts list ': [],
  'cmk-courier hosts allow db1 ': ['web01', 'web02'],
  'cmk-courier hosts --json lis': ['list'],
  'cmk-courier certs re': ['revoke'],
  'cmk-courier service install ': ['collect', 'receive'],
  'cmk-courier service install collect ': [],
  'cmk-courier probe tcp w': ['web01', 'web02'],
  'cmk-courier probe tcp web01 ': [],
  'cmk-courier check ': 'files',
  'cmk-courier check --max-size=1MB a b': 'files',
  'cmk-courier status --ready=': 'directories',
  'cmk-courier status --ready ': 'directories',
  'cmk-courier fetch ': ['--host=', ...Object.keys(catalog).map((scheme) => `${scheme}:`)],
  'cmk-courier fetch --host=': ['--host=db1', '--host=web01', '--host=web02'],
  'cmk-courier fetch --host w': ['web01', 'web02'],
  'cmk-courier fetch --address=': [],
  'cmk-courier fetch --host=db1 /va': 'files',
  'cmk-courier fetch --host=db1 ~/va': 'files',
  'cmk-courier fetch --host=db1 http': ['https:', 'http:', 'http+unix:'],
  'cmk-courier fetch --report=': [
    '--report=none',
    '--report=local',
    '--report=section',
    '--report=both',
  ],
  'cmk-courier fetch --pick f': ['first', 'freshest'],
  'cmk-courier fetch --token': [],
  'cmk-courier fetch https://a --token': ['--token-file=', '--token-id='],
  'cmk-courier fetch https://a --token-file=x --token': ['--token-id='],
  'cmk-courier fetch https://a --token-file=': 'files',
  'cmk-courier fetch --host=db1 https://a --or ssh://b --token': [],
  'cmk-courier fetch --host=db1 ssh://a --or https://b --token': ['--token-file=', '--token-id='],
  'cmk-courier fetch --host=db1 ssh://a --with=https://b --token': ['--token-file=', '--token-id='],
  'cmk-courier fetch --host=db1 --piggyback=a --pig': ['--piggyback='],
  'cmk-courier fetch -- htt': ['https:', 'http:', 'http+unix:'],
  'cmk-courier fetch -- --host': [],
  'cmk-courier rule install -- --hos': ['--host='],
  'cmk-courier seals enroll w': ['web01', 'web02'],
  'cmk-courier seals enroll web01 a': 'files',
  'cmk-courier completion ': ['bash', 'zsh', 'fish'],
};

test('what is offered for a line', async () => {
  for (const [line, words] of Object.entries(known)) {
    assert.deepEqual(await offered(line), words, line);
  }
});

test('every option of every command is offered, and none that is given already', async () => {
  for (const [name, { load }] of Object.entries(commands)) {
    const { options } = await load();
    const flags = Object.entries(options).map(
      ([option, { kind }]) => `${toFlag(option)}${kind === 'switch' ? '' : '='}`,
    );
    const all = await offered(`cmk-courier ${name} --`);
    assert.deepEqual(all, [...flags, '--verbose', '--debug', '--help']);
    for (const [option, { kind }] of Object.entries(options)) {
      const given = kind === 'switch' ? toFlag(option) : `${toFlag(option)}=x`;
      const left = await offered(`cmk-courier ${name} ${given} ${toFlag(option)}`);
      const isOffered = left.includes(`${toFlag(option)}${kind === 'switch' ? '' : '='}`);
      assert.equal(isOffered, kind === 'list', `${name} ${given}`);
    }
  }
});

test('the usage of every command is read', async () => {
  for (const [name, { load }] of Object.entries(commands)) {
    const { usage } = await load();
    for (const { operands } of readUsage(usage)) {
      for (const { placeholder } of operands) {
        assert.match(placeholder, /^([A-Z]+(\.[a-z]+)?|[a-z]+(\|[a-z]+)+)$/, `${name}: ${usage}`);
      }
    }
  }
});

test('words that bash parts are put together, and only what it replaces is answered', () => {
  const broken: Readonly<Record<string, readonly [string, string]>> = {
    'fetch --host = we': ['fetch --host=we', '--host='],
    'fetch --host =': ['fetch --host=', '--host='],
    'fetch https : //a': ['fetch https://a', 'https:'],
    'fetch https :': ['fetch https:', 'https:'],
    'ssh-trust me @ web01 : 2': ['ssh-trust me@web01:2', 'me@web01:'],
    'fetch --host = web01 htt': ['fetch --host=web01 htt', ''],
  };
  for (const [line, [words, cut]] of Object.entries(broken)) {
    assert.deepEqual(joinBroken(line.split(' ')), { words: words.split(' '), cut }, line);
  }
  assert.equal(unquote('"a b"\\ c'), 'a b c');
});

test('hosts are those of the routes file, of its list, of the receiver and of the spool', async (t) => {
  const site = await makeTempDir(t);
  mkdirSync(join(site, 'etc/cmk-courier'), { recursive: true });
  mkdirSync(join(site, 'var/cmk-courier/receiver/hosts'), { recursive: true });
  mkdirSync(join(site, 'var/cmk-courier/spool/a'), { recursive: true });
  const write = (path: string, text: string) =>
    writeFileSync(join(site, path), text, { mode: 0o600 });
  write('etc/cmk-courier/hosts', 'listed 192.0.2.1\n');
  write(
    'etc/cmk-courier/routes.yaml',
    "collector: { hostList: hosts }\nroutes: [{ hosts: [routed, 'glob*'], sources: '/x/{host}' }]\n",
  );
  write('var/cmk-courier/receiver/hosts/registered.json', 'not looked into');
  write('var/cmk-courier/receiver/hosts/.new-x.json', '');
  write('var/cmk-courier/spool/a/spooled~0mi7wq2d40x3f', '');
  const ask = async (env: Readonly<Record<string, string>>) => {
    const { said, ...context } = makeCommandContext();
    const args = ['completion', 'answer', 'zsh', '--', 'status', ''];
    assert.equal(await main(args, { ...context, env }), 0);
    return said;
  };
  assert.deepEqual(await ask({ OMD_ROOT: site }), {
    output: 'words\nlisted\t\nregistered\t\nrouted\t\nspooled\t\n',
    errors: '',
  });
  assert.deepEqual(await ask({ OMD_ROOT: '/nonexistent' }), { output: 'words\n', errors: '' });
});

test('a shell that is not known is told', async () => {
  const lines: readonly (readonly [args: readonly string[], line: string])[] = [
    [[], 'a shell is missing; there are bash, zsh and fish'],
    [['tcsh'], 'no completion for "tcsh"; there are bash, zsh and fish'],
  ];
  for (const [args, line] of lines) {
    const { said, ...context } = makeCommandContext();
    assert.equal(await main(['completion', ...args], context), 2);
    assert.equal(said.errors, `cmk-courier: completion: ${line} (USAGE)\n`);
  }
});
