/** Sources beside the chain: what they bring is added, and no fault of theirs costs the main output. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import { type Outgoing, partsOf } from '../../src/fetching/outgoing.ts';
import type { RoutePlan } from '../../src/fetching/plan.ts';
import { sendByRoute } from '../../src/fetching/sending.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import type { SpooledOutput } from '../../src/spool/record.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import {
  type Answer,
  delivers,
  fails,
  goodOutput,
  hangs,
  makeStep,
} from '../helpers/scripted-transport.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const host = parseHostName('web01');
const nowMs = makeCommandContext().clock.now();
const more = '<<<more>>>\n1\n';
const gone: Answer = fails(new CourierError('UNREACHABLE', 'connecting: refused'));

function brings(text: string, ageMs?: number): Answer {
  const producedAt = ageMs === undefined ? {} : { producedAt: new Date(nowMs - ageMs) };
  return delivers({ output: Buffer.from(text), ...producedAt });
}

interface Asked extends Partial<RoutePlan> {
  readonly kept?: SpooledOutput;
  readonly beside?: Readonly<Record<string, Answer>>;
}

/** What goes out for a chain with one source `main` and others beside it. */
function serve(answer: Answer, { kept, beside = {}, ...changes }: Asked = {}) {
  const context = makeCommandContext();
  const stopping = new AbortController();
  const calls: string[] = [];
  const served: Outgoing[] = [];
  const plan: RoutePlan = {
    target: { host, address: undefined },
    steps: [makeStep('main', answer, calls)],
    with: Object.entries(beside).map(([name, one]) => makeStep(name, one, calls)),
    rules: { ...defaultRules, age: { maxAgeMs: 300_000, maxSkewMs: 60_000 } },
    deadlineMs: 30_000,
    timeoutMs: undefined,
    lend: withTransport,
    pick: 'first',
    graceMs: 0,
    report: 'local',
    ...changes,
  };
  const ended = sendByRoute(
    plan,
    { ...context, shutdown: stopping.signal },
    async () => kept,
    async (one) => {
      calls.push('sent');
      served.push(one);
    },
  );
  const text = () => served.map((one) => Buffer.concat(partsOf(one))).join('');
  return { ended, text, served, context, calls, stopping };
}

/** The row of the service, without its metrics. */
function rowOf(text: string): string {
  const row = text.split('\n').find((line) => line.includes('"Agent courier"'));
  return row?.replace(/" \S+ /, '" ') ?? '';
}

test('what they bring follows the output of the chain, and is told', async () => {
  const { ended, text, calls } = serve(delivers(), {
    beside: { b: brings(more), c: brings('<<<<vm01>>>>\n<<<df>>>\n1') },
  });
  await ended;
  assert.ok(
    text().endsWith(
      `<<<>>>\n${goodOutput}<<<>>>\n${more}<<<>>>\n<<<<vm01>>>>\n<<<df>>>\n1`.slice(
        '<<<>>>\n'.length,
      ),
    ),
    text(),
  );
  assert.equal(
    rowOf(text()),
    "0 \"Agent courier\" output is of unknown age, from main main's output; with b b's output: 1 section; with c c's output: 1 section",
  );
  assert.deepEqual(
    calls.filter((call) => /sent|acknowledge/.test(call)),
    ['sent', 'main acknowledge', 'b acknowledge', 'c acknowledge'],
  );
});

test('they are asked at the same time as the chain', async () => {
  const { ended, calls } = serve(delivers(), { beside: { b: brings(more) } });
  await ended;
  assert.deepEqual(calls.slice(0, 4).sort(), [
    'b fetch web01',
    'b open',
    'main fetch web01',
    'main open',
  ]);
});

const bad: readonly (readonly [what: string, answer: Answer, says: RegExp])[] = [
  ['that is gone', gone, /connecting: refused \(UNREACHABLE\)$/],
  ['that is too old', brings(more, 300_001), /is just over 5m old, .* \(STALE\)$/],
  ['that is a web page', brings('<html>login</html>'), /\(MALFORMED\)$/],
  ['that is torn', brings(more + '\0'.repeat(512)), /\(MALFORMED\)$/],
  ['that is encrypted', brings(`02${'\x81'.repeat(32)}`), /\(\w+\)$/],
  ['that is empty', brings(''), /\(\w+\)$/],
  ['that is too large', brings(`${more}${'x'.repeat(1000)}\n`), /\(TOO_LARGE\)$/],
  [
    'that is too large with the other',
    brings(`${more}${'x'.repeat(970)}\n`),
    /it has \d+ bytes, allowed are 1000 \(TOO_LARGE\)$/,
  ],
];

for (const report of ['local', 'none'] as const) {
  for (const [what, answer, says] of bad) {
    test(`output beside the chain ${what} costs itself, and is told (report ${report})`, async () => {
      const { ended, text, calls } = serve(delivers(), {
        beside: { b: answer, c: brings(more) },
        report,
      });
      await ended;
      assert.ok(text().endsWith(`${goodOutput}<<<>>>\n${more}`), text());
      assert.match(rowOf(text()), /^1 "Agent courier" .*; without b fake:\/\/b\/web01: /);
      assert.match(rowOf(text()).replace(/; with c.*/, ''), says);
      assert.ok(!calls.includes('b acknowledge'));
    });
  }
}

test('one that hangs is over when its time is, and the rest goes out', async () => {
  const { ended, text, context } = serve(delivers(), { beside: { b: hangs }, timeoutMs: 5000 });
  await waitUntil(() => context.clock.sleeping > 0);
  context.clock.advance(5000);
  await ended;
  assert.match(
    rowOf(text()),
    /; without b fake:\/\/b\/web01: no agent output .* within 5s \(TIMEOUT\)$/,
  );
  assert.ok(text().endsWith(goodOutput));
  assert.equal(context.clock.sleeping, 0);
});

test('one that hangs and does not let go holds the output no longer than the deadline', async () => {
  const never: Answer = () => new Promise(() => undefined);
  const { ended, text, context, served } = serve(delivers(), { beside: { b: never } });
  await waitUntil(() => context.clock.sleeping > 0);
  context.clock.advance(31_000);
  await waitUntil(() => served.length > 0);
  assert.ok(text().endsWith(goodOutput));
  assert.match(rowOf(text()), /; without b .* \(TIMEOUT\)$/);
  await waitUntil(() => context.clock.sleeping > 0);
  context.clock.advance(5000);
  await ended;
});

test('the output of the chain does not grow too old while it waits', async () => {
  const { ended, text, context, calls } = serve(brings(goodOutput, 290_000), {
    beside: { b: hangs },
  });
  await waitUntil(() => context.clock.sleeping > 2);
  assert.ok(!calls.includes('sent'));
  context.clock.advance(10_000);
  await ended;
  assert.match(
    rowOf(text()),
    /^1 "Agent courier" output is 5m old, .* would have become too old \(TIMEOUT\)$/,
  );
});

test('what waits for the chain is too old when it is, and is not added then', async () => {
  const late = Promise.withResolvers<Record<string, never>>();
  const { ended, text, context, calls } = serve(() => late.promise, {
    beside: { b: brings(more, 299_000) },
  });
  await waitUntil(() => calls.includes('b fetch web01') && calls.includes('main fetch web01'));
  context.clock.advance(1001);
  late.resolve({});
  await ended;
  assert.match(
    rowOf(text()),
    /; without b fake:\/\/b\/web01: b's output is just over 5m old, .* \(STALE\)$/,
  );
  assert.ok(text().endsWith(goodOutput));
});

test('without output of the chain nothing goes out, and nothing is taken', async () => {
  const { ended, text, calls } = serve(gone, { beside: { b: brings(more), c: hangs } });
  const fault = await catchFault(ended);
  assert.equal(fault.message, 'connecting: refused');
  assert.equal(text(), '');
  assert.ok(!calls.includes('b acknowledge'));
  assert.ok(calls.includes('c close'));
});

test('what stands in by grace gets the new sections as well, unmarked', async () => {
  const at = new Date(nowMs - 720_000);
  const output = Buffer.from(goodOutput);
  const kept = { host, output, producedAt: at, receivedAt: at, origin: 'collector http' };
  const { ended, text } = serve(gone, { beside: { b: brings(more) }, graceMs: 1_800_000, kept });
  await ended;
  assert.match(
    text(),
    /<<<check_mk:cached\(\d+,300\)>>>\nVersion: 2\.4\.0\n<<<>>>\n<<<more>>>\n1\n$/,
  );
  assert.match(rowOf(text()), /^1 .*every source failed; .*; with b b's output: 1 section$/);
});

test('a section that is there already is not added, which is told', async () => {
  const { ended, text } = serve(brings('<<<df>>>\n1\n'), {
    beside: { b: brings(`<<<df>>>\n2\n${more}`) },
  });
  await ended;
  assert.ok(text().endsWith(`<<<df>>>\n1\n<<<>>>\n${more}`));
  assert.match(
    rowOf(text()),
    /^1 .*; with b b's output: 1 section, and not its df, which is there already$/,
  );
});

test('filters and rules for piggyback hold for them, too', async () => {
  const { ended, text } = serve(delivers(), {
    beside: { b: brings(`<<<<vm01>>>>\n<<<df>>>\n1\n<<<<>>>>\n<<<no>>>\n2\n${more}`) },
    rules: {
      ...defaultRules,
      piggyback: { kind: 'drop' },
      sections: { allow: [], deny: ['no'] },
    },
  });
  await ended;
  assert.ok(text().endsWith(`${goodOutput}<<<>>>\n<<<<>>>>\n${more}`), text());
});

test('our service goes behind when an added local check has its name', async () => {
  const own = '<<<local:sep(0)>>>\n0 "Agent courier" - all fine\n';
  const { ended, text } = serve(delivers(), { beside: { b: brings(own) } });
  await ended;
  const rows = text()
    .split('\n')
    .filter((line) => line.includes('"Agent courier"'));
  assert.equal(rows.length, 2);
  assert.match(rows[1] ?? '', /has this name, too, and does not count$/);
});

test('the section names each of them', async () => {
  const { ended, text } = serve(delivers(), {
    beside: { b: brings(more, 12_000), c: gone },
    report: 'section',
  });
  await ended;
  const { with: beside } = JSON.parse(text().split('\n')[1] ?? '');
  assert.deepEqual(beside, [
    {
      ...{ transport: 'b', source: "b's output", produced_at: nowMs / 1000 - 12, age: 12 },
      ...{ duration: 0, bytes: '<<<>>>\n'.length + more.length, sections: 1, left: [] },
      ...{ losses: null, fault: null },
    },
    {
      ...{ transport: 'c', source: 'fake://c/web01', produced_at: null, age: null },
      ...{ duration: null, bytes: 0, sections: 0, left: [], losses: null },
      fault: { code: 'UNREACHABLE', text: 'connecting: refused' },
    },
  ]);
});

test('a signal ends the wait, and the output of the chain goes out', async () => {
  const { ended, text, context, stopping } = serve(delivers(), { beside: { b: hangs } });
  await waitUntil(() => context.clock.sleeping > 2);
  stopping.abort(new CourierError('INTERRUPTED', 'SIGTERM'));
  await ended;
  assert.ok(text().endsWith(goodOutput));
});

test('what did not go out is not acknowledged', async () => {
  const calls: string[] = [];
  const plan: RoutePlan = {
    target: { host, address: undefined },
    steps: [makeStep('main', delivers(), calls)],
    with: [makeStep('b', brings(more), calls)],
    ...{ rules: defaultRules, deadlineMs: 30_000, timeoutMs: undefined, lend: withTransport },
    ...{ pick: 'freshest', graceMs: 0, report: 'none' },
  };
  const broken = new CourierError('LOCAL', 'writing: broken pipe');
  const ended = sendByRoute(
    plan,
    makeCommandContext(),
    async () => undefined,
    () => Promise.reject(broken),
  );
  assert.equal((await catchFault(ended)).code, 'LOCAL');
  assert.deepEqual(
    calls.filter((call) => call.endsWith('acknowledge')),
    [],
  );
});

/** Runs fetch for web01, with TMP standing for a directory where files are. */
async function fetch(t: TestContext, ...args: readonly string[]) {
  const directory = await makeTempDir(t);
  writeFileSync(join(directory, 'web01'), goodOutput);
  writeFileSync(join(directory, 'more'), more);
  const context = { ...makeCommandContext(), env: { HOME: directory, PATH: '/usr/bin:/bin' } };
  const filled = args.map((arg) => arg.replaceAll('TMP', directory));
  const always = ['fetch', '--host=web01', '--max-age=unlimited', '--max-skew=36500d'];
  const code = await main([...always, ...filled], context);
  return { code, directory, ...context.said };
}

test('--with names a source, with options of its own, wherever it stands', async (t) => {
  const whole = `${goodOutput}<<<>>>\n${more}`;
  const { output, errors } = await fetch(t, 'TMP/web01', '--with=TMP/more', '--timeout=3s');
  assert.deepEqual([output, errors], [whole, '']);
  const others = ['--or', 'TMP/web01', '--with', 'TMP/more', '--or', 'TMP/x'];
  assert.equal((await fetch(t, 'TMP/none', ...others)).output, whole);
  const failing = await fetch(t, 'TMP/web01', '--with=exec:/bin/false', '--stdin-file=TMP/more');
  assert.equal(failing.code, 0);
  assert.match(
    failing.output,
    /^<<<local:sep\(0\)>>>\n1 "Agent courier" .*; without exec .* \(PEER\)\n/,
  );
});

const mistakes: readonly (readonly [args: readonly string[], says: string])[] = [
  [['TMP/web01', '--with'], '--with needs a SOURCE behind it'],
  [['TMP/web01', '--with='], 'not a source: ""'],
  [['--with=TMP/more'], '--with needs a SOURCE ahead of it; a route has its own `with`'],
  [
    ['TMP/web01', '--with=TMP/more', '--max-age=5m'],
    '--max-age is for all sources and stands ahead of --with',
  ],
];

for (const [args, says] of mistakes) {
  test(`${args.join(' ')} is a mistake that is told`, async (t) => {
    const { code, errors } = await fetch(t, ...args);
    assert.equal(code, 2);
    assert.ok(errors.startsWith(`cmk-courier: fetch: ${says}`), errors);
  });
}
