/** The recipes of docs/recipes.md, as they are written there. */

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { TelnetSwitch } from '../peers/telnet-switch.ts';
import { answerJson, startApi } from './running.ts';

/** The recipe of that title, without what the page indents it by. */
async function readExample(title: string): Promise<string> {
  const page = await readFile('docs/recipes.md', 'utf8');
  const blocks = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)];
  const [, indent = '', text = ''] =
    blocks.find(([, , body]) => body?.includes(`title: ${title}\n`)) ?? [];
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

/** Lays an example down below the line that `agent init` writes first. */
async function layDown(t: TestContext, name: string, title: string) {
  const config = await makeTempDir(t);
  const call = async (...args: readonly string[]) => {
    const { said, ...context } = makeCommandContext();
    const io = { ...context, clock: systemClock, env: { XDG_CONFIG_HOME: config } };
    return { code: await main(['agent', ...args], io), ...said };
  };
  const { output } = await call('init', name);
  const [path = ''] = output.split('\n');
  const [first] = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, `${first}\n${await readExample(title)}`);
  const password = join(config, 'pw');
  await writeFile(password, 'right-horse\n', { mode: 0o600 });
  await mkdir(join(config, 'recordings'));
  const checked = await call('validate', name);
  assert.deepEqual(checked, { code: 0, output: `${path}: a good recipe\n`, errors: '' });
  return { call, password, recording: join(config, 'recordings/one') };
}

const withoutTimes = (output: string) => output.replace(/(duration"?[:=])[\d.]+/g, '$10');

const arrayOutput = `<<<local:sep(0)>>>
0 "Node node1" used=12 ok
2 "Node node2" used=80 broken
<<<cmk_courier_agent:sep(0)>>>
{"agent":"my_array","service":"local","sections":1,"faults":0,"requests":2,"duration":0}
<<<local:sep(0)>>>
0 "Agent my_array" requests=2|duration=0|faults=0 1 section, 2 requests
`;

test('the recipe for an API runs as it is written, by hand and from a recording', async (t) => {
  const { call, password, recording } = await layDown(t, 'my_array', 'My array');
  const { origin, asked } = await startApi(t, ({ line }, response) => {
    const [node1, node2] = [
      { name: 'node1', state: 'ok', used: 12 },
      { name: 'node2', state: 'broken', used: 80 },
    ];
    if (line.endsWith('page=2')) return answerJson(response, { records: [node2] });
    answerJson(response, { records: [node1], next: '/api/v1/nodes?page=2' });
  });
  const given = [`--url=${origin}`, '--username=monitor', `--password-file=${password}`];
  const run = await call('my_array', ...given, '--verbose');
  assert.deepEqual([run.code, withoutTimes(run.output)], [0, arrayOutput]);
  assert.match(run.errors, / info: nodes: GET .* → 200, \d+ bytes: /);
  const basic = Buffer.from('monitor:right-horse').toString('base64');
  assert.deepEqual(
    asked.map(({ line, headers }) => [line, headers.authorization]),
    [
      ['GET /api/v1/nodes', `Basic ${basic}`],
      ['GET /api/v1/nodes?page=2', `Basic ${basic}`],
    ],
  );
  await call('record', 'my_array', `--to=${recording}`, ...given);
  const tested = await call('test', 'my_array', `--from=${recording}`);
  assert.deepEqual(tested, { code: 0, output: arrayOutput, errors: '' });
});

const switchOutput = `<<<local:sep(0)>>>
0 "Fan1" rpm=3200 Fan1 3200 rpm
2 "Fan2" rpm=0 Fan2 0 rpm
<<<cmk_courier_agent:sep(0)>>>
{"agent":"my_switch","service":"local","sections":1,"faults":0,"requests":1,"duration":0}
<<<local:sep(0)>>>
0 "Agent my_switch" requests=1|duration=0|faults=0 1 section, 1 request
`;

test('the recipe for a switch runs as it is written, and its recording holds the dialogue', async (t) => {
  const { call, password, recording } = await layDown(t, 'my_switch', 'My switch');
  const answers = { 'show fans': 'Fan1   3200 rpm\r\nFan2   0 rpm\r\n' };
  const peer = new TelnetSwitch({ answers, coloured: true });
  const port = await peer.start();
  t.after(() => peer.end());
  const given = [
    ...['--address=127.0.0.1', `--port=${port}`],
    ...['--username=monitor', `--password-file=${password}`],
  ];
  const run = await call('record', 'my_switch', `--to=${recording}`, ...given);
  assert.equal(
    withoutTimes(run.output),
    switchOutput.replaceAll(/(Fan\d) (\d+ rpm)$/gm, '$1   $2'),
  );
  const tested = await call('test', 'my_switch', `--from=${recording}`, '--verbose');
  assert.equal(tested.code, 0, tested.errors);
  assert.match(tested.errors, / info: cli: > "\{password\}\\r"$/m);
  assert.match(tested.errors, / info: cli: < ".*Password: "$/m);
});
