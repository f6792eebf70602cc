import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { ControlSocket } from '../../src/collector/control-socket.ts';
import type { CollectorStatus, HostStatus } from '../../src/collector/status-shape.ts';
import { sortWorstFirst, toTable } from '../../src/collector/status-table.ts';
import { status } from '../../src/commands/status.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeHost, makeStatus } from './statuses.ts';

const nowMs = Date.UTC(2026, 0, 1);

function failing(host: string, failures: number, changes: Partial<HostStatus> = {}): HostStatus {
  const at = new Date(nowMs - 65_000).toISOString();
  const lastFault = { code: 'TIMEOUT', line: 'cmk-courier: tcp: no answer (TIMEOUT)', at };
  return makeHost(host, { served: 'fault', failures, lastFault, ...changes });
}

function makeBusy(
  hosts: readonly HostStatus[],
  changes: Partial<CollectorStatus> = {},
): CollectorStatus {
  return makeStatus(hosts, { routesPath: '/etc/routes.yaml', running: 2, ...changes });
}

const all = [
  makeHost('ok-new'),
  failing('failed-twice', 2),
  makeHost('ok-old', { ageMs: 120_000 }),
  makeHost('graced', { served: 'grace', failures: 9 }),
  failing('dead', 40, { backoff: 'waiting', nextDueMs: 299_000 }),
  makeHost('never', { served: 'nothing', ageMs: undefined, source: undefined, nextDueMs: 0 }),
];

test('the worst comes first', () => {
  assert.deepEqual(
    sortWorstFirst(all).map(({ host }) => host),
    ['never', 'dead', 'failed-twice', 'graced', 'ok-old', 'ok-new'],
  );
});

test('the table says what each host gets, and why', () => {
  assert.equal(
    toTable(
      makeBusy(all, { reloadFault: 'routes.yaml:3: wrong' }),
      sortWorstFirst(all),
      nowMs,
      200,
    ),
    [
      '6 hosts, 2 ok, 1 grace, 2 fault, 1 nothing, 2 being asked; routes: /etc/routes.yaml',
      'not in force: routes.yaml:3: wrong',
      'HOST          STATE    AGE  LAST FAULT        NEXT   BACKOFF  SOURCE',
      'never         nothing  -    -                 now    -        -',
      'dead          fault    12s  TIMEOUT 1m5s ago  4m59s  waiting  http https://depot/dead',
      'failed-twice  fault    12s  TIMEOUT 1m5s ago  30s    -        http https://depot/failed-twice',
      'graced        grace    12s  -                 30s    -        http https://depot/graced',
      'ok-old        ok       2m   -                 30s    -        http https://depot/ok-old',
      'ok-new        ok       12s  -                 30s    -        http https://depot/ok-new',
      '',
    ].join('\n'),
  );
});

test('no line is wider than the terminal, and nothing foreign reaches it', () => {
  const evil = makeHost('a', { source: 'http https://x/\u001b[31m\nred' });
  const table = toTable(makeBusy([evil]), [evil], nowMs, 40);
  assert.ok(table.split('\n').every((line) => line.length <= 40));
  assert.doesNotMatch(table.replaceAll('\n', ''), /\p{Cc}/u);
});

/** A collector's socket with that answer, and the command beside it. */
async function makeRunning(t: TestContext, answer: () => string) {
  const directory = await makeTempDir(t);
  const socket = new ControlSocket(
    join(directory, 'collector.sock'),
    new Map([['status', answer]]),
  );
  await socket.listen();
  t.after(() => socket.close());
  const run = async (operands: readonly string[] = [], options = {}, shutdown?: AbortSignal) => {
    const context = { ...makeCommandContext(shutdown), clock: systemClock };
    const ready = { ready: [join(directory, 'ready')] };
    await status.run({ operands, options: { ...ready, ...options } }, context);
    return context.said.output;
  };
  return { directory, socket, run };
}

test('the command asks the collector, and shows the hosts that are asked for', async (t) => {
  const { run } = await makeRunning(t, () => JSON.stringify(makeBusy(all)));
  const namesOf = (text: string) => JSON.parse(text).hosts.map(({ host }: HostStatus) => host);
  assert.deepEqual(namesOf(await run([], { json: ['true'] })).length, 6);
  assert.deepEqual(namesOf(await run(['ok-*'], { json: ['true'] })), ['ok-old', 'ok-new']);
  assert.deepEqual(namesOf(await run([], { json: ['true'], faulty: ['true'] })), [
    ...['never', 'dead', 'failed-twice', 'graced'],
  ]);
  assert.match(await run(), /^6 hosts, 2 ok, .*\nHOST .*\nnever /);
});

test('without a collector that is what is said', async (t) => {
  const { directory, socket, run } = await makeRunning(t, () => '');
  socket.close();
  const fault = await catchFault(run());
  assert.equal(fault.code, 'UNREACHABLE');
  assert.equal(
    fault.message,
    `no collector answers at ${directory}/collector.sock; is cmk-courier collect running?`,
  );
});

test('an answer that is something else is PEER', async (t) => {
  for (const answer of ['', 'hello', '{}', '[]']) {
    const { run } = await makeRunning(t, () => answer);
    assert.equal((await catchFault(run())).code, 'PEER');
  }
});

test('a collector that does not answer is told to be stopped, perhaps', async (t) => {
  const directory = await makeTempDir(t);
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(join(directory, 'collector.sock'), resolve));
  t.after(() => server.close());
  const context = { ...makeCommandContext(), clock: systemClock };
  const options = { ready: [join(directory, 'ready')], timeout: ['200ms'] };
  const fault = await catchFault(status.run({ operands: [], options }, context));
  assert.match(
    fault.message,
    /^no answer from the collector at .*, which may be stopped \(SIGSTOP\) within 200ms$/,
  );
});

test('watching goes on while the collector is away, until a signal', async (t) => {
  let asked = 0;
  const { socket, directory } = await makeRunning(t, () => {
    asked += 1;
    return JSON.stringify(makeBusy(all));
  });
  const ending = new AbortController();
  const context = { ...makeCommandContext(ending.signal), clock: systemClock };
  const options = { ready: [join(directory, 'ready')], watch: ['true'], interval: ['1ms'] };
  const watching = status.run({ operands: [], options }, context);
  await waitUntil(() => asked >= 3);
  socket.close();
  await waitUntil(() => context.said.output.includes('no collector answers'));
  ending.abort(new Error('ended'));
  await watching;
});

test('who asks for anything else, or for nothing, is cut off', async (t) => {
  const { directory } = await makeRunning(t, () => 'status');
  const { connect } = await import('node:net');
  const ask = (request: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(join(directory, 'collector.sock'), () => socket.end(request));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
  assert.equal(await ask('status\n'), 'status');
  assert.equal(await ask('stop\n'), '');
  assert.equal(await ask(''), '');
  assert.equal(await ask('x'.repeat(5000)), '');
});
