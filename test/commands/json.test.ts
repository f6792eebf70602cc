import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CommandModule } from '../../src/cli/command.ts';
import { systemClock } from '../../src/clock.ts';
import { ControlSocket } from '../../src/collector/control-socket.ts';
import { commands } from '../../src/commands/catalog.ts';
import { jsonSchemas } from '../../src/commands/json-schemas.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { makeHost, makeStatus } from '../collector/statuses.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { goodOutput } from '../helpers/scripted-transport.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { pack, withFields } from '../setup/packages/ingredients.ts';

/** Runs a command line and holds its document against the schema of its first words. */
async function assertPrints(line: string, code: number, ...options: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const args = [...line.split(' '), ...options, '--json'];
  const ended = await main(args, { ...context, clock: systemClock });
  assert.equal(ended, code, said.errors);
  assertDocument(line, said.output);
  return JSON.parse(said.output);
}

/** Whether a command or one behind it has --json; each that has it has its schema. */
async function hasJson(line: string, { options, commands: below }: CommandModule) {
  const own = Object.hasOwn(options, 'json');
  if (below === undefined) return own;
  let isFound = own;
  for (const [name, { load }] of Object.entries(below)) {
    const command = await load();
    const path = `${line} ${name}`;
    const has = await hasJson(path, command);
    if (command.commands === undefined) assert.equal(Object.hasOwn(jsonSchemas, path), has, path);
    isFound ||= has;
  }
  return isFound;
}

test('every command that has --json has a schema', async () => {
  const described = new Set(Object.keys(jsonSchemas).map((line) => line.split(' ')[0]));
  for (const [name, { load }] of Object.entries(commands)) {
    assert.equal(described.has(name), await hasJson(name, await load()), name);
  }
});

test('check prints one document for all files, whatever is wrong with one', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'web01.txt');
  writeFileSync(path, `${goodOutput}<<<a b>>>\n`);
  const { files } = await assertPrints('check', 4, path, join(directory, 'missing'));
  assert.equal(files.length, 2);
});

test('package verify prints one document for all files, whatever is wrong with one', async (t) => {
  const directory = await makeTempDir(t);
  const paths = ['sample-1.2.3.mkp', 'other.mkp', 'text', 'missing'].map((name) =>
    join(directory, name),
  );
  const [good = '', other = '', text = ''] = paths;
  for (const path of [good, other]) writeFileSync(path, pack(withFields({})));
  writeFileSync(text, 'text');
  const { files } = await assertPrints('package verify', 4, ...paths);
  assert.deepEqual(
    files.map(({ name, problems }: { name: string; problems: object[] }) => [
      name,
      problems.length,
    ]),
    [
      ['sample', 0],
      ['sample', 1],
      [null, 1],
      [null, 0],
    ],
  );
});

test('probe prints a document also of a port where nobody listens', async () => {
  await assertPrints('probe tcp', 5, `127.0.0.1:${await findFreePort()}`);
});

test('routes validate, explain and test print a document each', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'routes.yaml');
  const routes = `--routes=${path}`;
  writeFileSync(join(directory, 'web01'), goodOutput);
  writeFileSync(
    path,
    `defaults: { maxAge: unlimited, passphraseFile: ${path} }
routes:
  - { hosts: db1, sources: '/none/{host}' }
  - hosts: 'web*'
    maxAge: 5m
    grace: 1h
    sections: ['!df']
    sources: ['${directory}/{host}', { uri: 'https://x/{host}', timeout: 5s, user: me }]
`,
    { mode: 0o600 },
  );
  await assertPrints('routes validate', 0, routes);
  const { route } = await assertPrints('routes explain', 0, 'web01', routes);
  assert.equal(route.settings.maxAgeMs, 300_000);
  assert.equal(route.settings.graceMs, 3_600_000);
  assert.equal(route.settings.timeoutMs, null);
  assert.equal(route.sources[1].timeoutMs, 5000);
  assert.equal(
    (await assertPrints('routes explain', 0, 'db1', routes)).route.settings.maxAgeMs,
    null,
  );
  assert.equal((await assertPrints('routes explain', 3, 'mail', routes)).route, null);
  await assertPrints('routes test', 4, 'db1', routes);
  writeFileSync(path, 'routes: [{hosts: 10}]\n');
  await assertPrints('routes validate', 3, routes);
});

test('routes test prints which source a fetch would deliver', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'routes.yaml');
  writeFileSync(join(directory, 'web01'), goodOutput);
  writeFileSync(path, `routes: [{hosts: web01, sources: ['/none', '${directory}/{host}']}]\n`);
  const { delivered } = await assertPrints('routes test', 0, 'web01', `--routes=${path}`);
  assert.deepEqual([delivered.from, delivered.source], ['source', 2]);
});

test('status prints what the collector knows', async (t) => {
  const directory = await makeTempDir(t);
  const text = JSON.stringify(makeStatus([makeHost('web01', { source: 'file /x' })]));
  const socket = new ControlSocket(
    join(directory, 'collector.sock'),
    new Map([['status', () => text]]),
  );
  await socket.listen();
  t.after(() => socket.close());
  const { said, ...context } = makeCommandContext();
  const args = ['status', '--json', `--ready=${join(directory, 'ready')}`];
  assert.equal(await main(args, { ...context, clock: systemClock }), 0, said.errors);
  assertDocument('status', said.output);
});

test('hostcheck prints a document of each state', async (t) => {
  const directory = await makeTempDir(t);
  const spool = join(directory, 'spool');
  const options = [`--spool=${spool}`, `--ready=${join(directory, 'ready')}`];
  const receivedAt = new Date();
  const producedAt = new Date(receivedAt.getTime() - 60_000);
  const output = Buffer.from(goodOutput);
  const record = { host: parseHostName('web01'), output, producedAt, receivedAt, origin: 'push' };
  await putSpooled(spool, record, new Present(Date.now()));
  const up = await assertPrints('hostcheck', 0, 'web01', ...options);
  assert.deepEqual([up.state, up.maxAgeMs], ['UP', 300_000]);
  assert.ok(up.ageMs >= 60_000);
  const down = await assertPrints('hostcheck', 2, 'web01', ...options, '--max-age=10s');
  assert.equal(down.state, 'DOWN');
  const unknown = await assertPrints('hostcheck', 3, ...options);
  assert.deepEqual(unknown, {
    state: 'UNKNOWN',
    text: 'cmk-courier: hostcheck: hostcheck needs one HOST (USAGE)',
  });
});

test('certs and hosts print documents of what there is', { timeout: 60_000 }, async (t) => {
  const directory = await makeTempDir(t);
  const certificates = `--dir=${join(directory, 'certs')}`;
  await assertPrints('certs init', 0, certificates, '--site=mysite', '--name=192.0.2.1');
  await assertPrints('certs show', 0, certificates);
  await assertPrints('certs server', 0, certificates);
  const state = `--state=${join(directory, 'state')}`;
  const { said, ...context } = makeCommandContext();
  const args = ['hosts', 'token', 'web*', '--valid=1d', state];
  assert.equal(await main(args, { ...context, clock: systemClock }), 0, said.errors);
  const { accesses } = await assertPrints('hosts list', 0, state);
  assert.equal(accesses.length, 1);
  await assertPrints('seals pending', 0, state);
  await assertPrints('seals list', 0);
});

test('doctor site prints a document of whatever there is', async () => {
  const { steps } = await assertPrints('doctor site', 0);
  assert.ok(steps.length > 10);
});
