import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { ControlSocket } from '../../src/collector/control-socket.ts';
import type { CollectorStatus, HostStatus } from '../../src/collector/status-shape.ts';
import { status } from '../../src/commands/status.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { makeHost, makeStatus } from '../collector/statuses.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const timeout = 120_000;

function makeDropped(host: string, changes: Partial<HostStatus> = {}): HostStatus {
  return makeHost(host, { source: `file /drops/${host}`, ...changes });
}

/** A collector that answers, and the command beside it. */
async function makeSite(
  t: TestContext,
  hosts: readonly HostStatus[] = [makeDropped('web01')],
  changes: Partial<CollectorStatus> = {},
) {
  const directory = await makeTempDir(t);
  let asked = 0;
  const answer = () => {
    asked += 1;
    return JSON.stringify(makeStatus(hosts, changes));
  };
  const open = async () => {
    const socket = new ControlSocket(
      join(directory, 'collector.sock'),
      new Map([['status', answer]]),
    );
    await socket.listen();
    t.after(() => socket.close());
    return socket;
  };
  const ready = join(directory, 'ready');
  const ending = new AbortController();
  const context = { ...makeCommandContext(ending.signal), clock: systemClock };
  const run = (options = {}, operands: readonly string[] = []) =>
    status.run({ operands, options: { ready: [ready], ...options } }, context);
  const end = () => ending.abort(new CourierError('INTERRUPTED', 'ended by SIGINT'));
  return { directory, ready, open, run, end, context, said: context.said, asked: () => asked };
}

const watch = { watch: ['true'], interval: ['1ms'] };

const table = [
  '1 host, 1 ok, 0 grace, 0 fault, 0 nothing, 0 being asked; routes: /r.yaml',
  'HOST   STATE  AGE  LAST FAULT  NEXT  BACKOFF  SOURCE',
  'web01  ok     12s  -           30s   -        file /drops/web01',
  '',
].join('\n');

test('watched from anything but a terminal, one table follows another', { timeout }, async (t) => {
  const { open, run, end, said } = await makeSite(t);
  await open();
  const watching = run(watch);
  await waitUntil(() => said.output.length >= 3 * (table.length + 1));
  end();
  await watching;
  const tables = said.output.split('\n\n');
  assert.equal(tables.pop(), '');
  assert.deepEqual(new Set(tables), new Set([table.trimEnd()]));
});

test('a signal ends watching without another table', { timeout }, async (t) => {
  const { directory, run, end, said } = await makeSite(t);
  const answer = () => {
    end();
    return JSON.stringify(makeStatus([]));
  };
  const path = join(directory, 'collector.sock');
  const socket = new ControlSocket(path, new Map([['status', answer]]));
  await socket.listen();
  t.after(() => socket.close());
  await run(watch);
  assert.deepEqual(said, { output: '', errors: '' });
});

test('while the collector is away that is shown, until it is back', { timeout }, async (t) => {
  const { directory, open, run, end, said, asked } = await makeSite(t);
  const watching = run(watch);
  const away = `no collector answers at ${directory}/collector.sock; is cmk-courier collect running? (UNREACHABLE)\n`;
  await waitUntil(() => said.output.startsWith(`${away}\n${away}\n`));
  await open();
  await waitUntil(() => asked() >= 2 && said.output.endsWith(`${table}\n`));
  end();
  await watching;
});

test('documents are the only thing on stdout for who reads documents', { timeout }, async (t) => {
  const { open, run, end, said, asked } = await makeSite(t);
  const watching = run({ ...watch, json: ['true'] });
  await waitUntil(() => said.errors !== '');
  await open();
  await waitUntil(() => asked() >= 3);
  end();
  await watching;
  assert.match(said.errors, /^cmk-courier: status: no collector answers at .* \(UNREACHABLE\)\n/);
  const lines = said.output.trimEnd().split('\n');
  assert.ok(lines.length >= 2);
  for (const line of lines) assert.equal(JSON.parse(line).hosts[0].host, 'web01');
});

test('in a pool, hosts that the collector does not ask are said to be at other members', {
  timeout,
}, async (t) => {
  const pool = {
    ...{ member: 'a', state: 'asking' as const, ours: 1, unserved: 0, double: false },
    members: [],
  };
  const { open, run, said } = await makeSite(t, undefined, { pool });
  await open();
  await run({}, ['web02']);
  const [, ...lines] = said.output.split('\n');
  assert.deepEqual(lines, [
    'pool: a is asking, 0 other members, 1 host ours',
    'none of these hosts is asked here; ask the other members of the pool',
    '',
  ]);
});

test('the width of a line is that asked for, else COLUMNS, else 200', { timeout }, async (t) => {
  const { open, context, ready } = await makeSite(t, [
    makeDropped('web01', { source: `file /${'x'.repeat(250)}` }),
  ]);
  await open();
  const widthWith = async (env: Record<string, string>, options = {}) => {
    const said = { output: '' };
    const writeOutput = async (bytes: Uint8Array) => {
      said.output += Buffer.from(bytes).toString();
    };
    const invocation = { operands: [], options: { ready: [ready], ...options } };
    await status.run(invocation, { ...context, env, writeOutput });
    return Math.max(...said.output.split('\n').map((line) => line.length));
  };
  assert.equal(await widthWith({}), 200);
  assert.equal(await widthWith({ COLUMNS: '100' }), 100);
  assert.equal(await widthWith({ COLUMNS: '0' }), 200);
  assert.equal(await widthWith({ COLUMNS: '100' }, { width: ['80'] }), 80);
});

/** What a terminal of that size gets from the program. */
async function showOnTerminal(
  { directory, ready }: { directory: string; ready: string },
  size: string,
  commands: string,
): Promise<string> {
  const bin = fileURLToPath(new URL('../../src/bin.ts', import.meta.url));
  const program = join(directory, 'program');
  const status = `'${process.execPath}' '${bin}' status --ready='${ready}'`;
  writeFileSync(program, `#!/bin/sh\nstty ${size}\n${commands.replaceAll('STATUS', status)}\n`, {
    mode: 0o755,
  });
  const { stdout } = await start('/bin/sh', ['-c', `script -qec '${program}' /dev/null`]).ended;
  return stdout.toString().replaceAll('\r\n', '\n');
}

test('on a terminal a line is as wide as that', { timeout }, async (t) => {
  const reason = skipWithout('script');
  if (reason) return t.skip(reason);
  const site = await makeSite(t, [makeDropped('web01', { source: `file /${'x'.repeat(250)}` })]);
  await site.open();
  for (const columns of [80, 200]) {
    const shown = await showOnTerminal(site, `cols ${columns} rows 24`, 'STATUS');
    assert.equal(Math.max(...shown.split('\n').map((line) => line.length)), columns);
  }
});

test('on a terminal the worst stay in sight', { timeout }, async (t) => {
  const reason = skipWithout('script');
  if (reason) return t.skip(reason);
  const hosts = Array.from({ length: 50 }, (_, index) => makeDropped(`web${10 + index}`));
  const site = await makeSite(t, hosts);
  await site.open();
  const shownPath = join(site.directory, 'shown');
  const watching = showOnTerminal(
    site,
    'cols 80 rows 8',
    `STATUS --watch --interval=10ms & while [ ! -e '${shownPath}' ]; do sleep 0.1; done; kill -INT $!; wait $!`,
  );
  await waitUntil(() => site.asked() >= 3);
  writeFileSync(shownPath, '');
  const [before, first = '', second = ''] = (await watching).split('\u001b[H');
  assert.equal(before, '');
  for (const drawn of [first, second]) {
    // Each line ends what an earlier one left of itself, the last all below it.
    const lines = drawn.split('\u001b[K\n');
    assert.deepEqual([lines.length, lines.at(-1)], [8, '\u001b[J']);
  }
  assert.deepEqual(
    first
      .replaceAll('\u001b[K', '')
      .replace('\u001b[J', '')
      .split('\n')
      .map((line) => line.split(' ', 2).join(' ')),
    ['50 hosts,', 'HOST ', 'web10 ', 'web11 ', 'web12 ', 'web13 ', '… 46', ''],
  );
});
