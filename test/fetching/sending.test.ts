import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CourierError, type FaultCode } from '../../src/faults/errors.ts';
import { type Outgoing, partsOf } from '../../src/fetching/outgoing.ts';
import type { RoutePlan } from '../../src/fetching/plan.ts';
import { sendByRoute } from '../../src/fetching/sending.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import type { SpooledOutput } from '../../src/spool/record.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { version } from '../../src/version.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import {
  type Answer,
  delivers,
  fails,
  goodOutput,
  makeStep,
} from '../helpers/scripted-transport.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const host = parseHostName('web01');
const nowMs = makeCommandContext().clock.now();
const gone: Answer = fails(new CourierError('UNREACHABLE', 'connecting to depot: refused | no'));

/** Output that was kept so long ago. */
function kept(ageMs: number, text = goodOutput): SpooledOutput {
  const at = new Date(nowMs - ageMs);
  const output = Buffer.from(text);
  return { host, output, producedAt: at, receivedAt: at, origin: 'collector http' };
}

interface Asked extends Partial<RoutePlan> {
  readonly kept?: SpooledOutput | undefined;
}

/** A route with sources that answer so. */
function makePlan(answers: readonly Answer[], changes: Partial<RoutePlan> = {}): RoutePlan {
  return {
    target: { host, address: undefined },
    steps: answers.map((answer, index) => makeStep('abc'[index] ?? 'x', answer, [])),
    with: [],
    rules: { ...defaultRules, age: { maxAgeMs: 300_000, maxSkewMs: 60_000 } },
    deadlineMs: 30_000,
    timeoutMs: undefined,
    lend: withTransport,
    pick: 'first',
    graceMs: 0,
    report: 'none',
    ...changes,
  };
}

/** What goes out on it. */
function serve(answers: readonly Answer[], { kept: spooled, ...changes }: Asked = {}) {
  const context = makeCommandContext();
  const served: Outgoing[] = [];
  let looks = 0;
  const plan = makePlan(answers, changes);
  const readKept = async () => {
    looks += 1;
    return spooled;
  };
  const ended = sendByRoute(plan, context, readKept, async (one) => void served.push(one));
  const text = () => served.map((one) => Buffer.concat(partsOf(one))).join('');
  return { ended, text, served, context, looks: () => looks };
}

test('good output goes out as it is', async () => {
  const { ended, text, looks } = serve([delivers()], { graceMs: 60_000 });
  await ended;
  assert.equal(text(), goodOutput);
  assert.equal(looks(), 0);
});

test('a report goes ahead of it, if it is wanted', async () => {
  const producedAt = new Date(nowMs - 12_000);
  const { ended, text } = serve([delivers({ producedAt })], { report: 'local' });
  await ended;
  assert.equal(
    text(),
    '<<<local:sep(0)>>>\n' +
      '0 "Agent courier" age=12|attempts=1|duration=0|bytes=30 output is 12s old, from a a\'s output\n<<<>>>\n' +
      goodOutput,
  );
});

test('a report warns when another source had to stand in, and says of what', async () => {
  const { ended, text } = serve([gone, delivers()], { report: 'local' });
  await ended;
  assert.equal(
    text().split('\n')[1],
    '1 "Agent courier" attempts=2|duration=0|bytes=30 output is of unknown age, from b b\'s output, failed: a UNREACHABLE',
  );
});

test('what some site drops of the output turns the report to a warning, with the count', async () => {
  const output = `banner\n${goodOutput}<<<hyper-v_node>>>\n1\n`;
  const { ended, text } = serve([delivers({ output: Buffer.from(output) })], { report: 'local' });
  await ended;
  assert.equal(
    text().split('\n')[1],
    `1 "Agent courier" attempts=1|duration=0|bytes=${output.length} output is of unknown age, from a a's output, 2 losses on some sites; line 1: text before the first section header: "banner" (rule junk-before-header)`,
  );
});

test('a local check of the agent with the name of the report does not take its place', async () => {
  const row = '<<<local:sep(0)>>>\n0 "Agent courier" - all fine\n';
  const output = Buffer.from(goodOutput + row);
  for (const asked of [
    serve([gone, delivers({ output })], { report: 'local' }),
    serve([gone], { graceMs: 1_800_000, kept: kept(720_000, goodOutput + row) }),
  ]) {
    await asked.ended;
    const [last, ...others] = asked
      .text()
      .split('\n')
      .filter((one) => one.includes('courier"'))
      .reverse();
    assert.match(last ?? '', /^1 "Agent courier" .*has this name, too, and does not count$/);
    assert.equal(others.length, 1);
    assert.ok(asked.text().endsWith('\n<<<>>>\n'));
  }
});

test('where the newest counts, a source that failed is said, but is no warning', async () => {
  const { ended, text } = serve([gone, delivers()], { report: 'local', pick: 'freshest' });
  await ended;
  assert.match(text().split('\n')[1] ?? '', /^0 "Agent courier" .*, failed: a UNREACHABLE$/);
});

test('within its grace, older output stands in, marked for what it is, with a service that says so', async () => {
  const { ended, text, served } = serve([gone], { graceMs: 1_800_000, kept: kept(720_000) });
  await ended;
  assert.equal(
    text(),
    '<<<local:sep(0)>>>\n' +
      '1 "Agent courier" age=720|bytes=30 output is 12m old, since every source failed; the last: a: connecting to depot: refused ¦ no (UNREACHABLE)\n<<<>>>\n' +
      `<<<check_mk:cached(${nowMs / 1000 - 720},300)>>>\nVersion: 2.4.0\n`,
  );
  assert.equal(served[0]?.fault?.code, 'UNREACHABLE');
});

const tooMuch: readonly (readonly [what: string, spooled: SpooledOutput | undefined])[] = [
  ['that is too old', kept(1_800_001)],
  ['from the future', kept(-60_001)],
  ['that is not there', undefined],
  ['that is no agent output', kept(1000, '<html>\n')],
];

for (const [what, spooled] of tooMuch) {
  test(`grace does not bring back output ${what}`, async () => {
    const { ended, text } = serve([gone], { graceMs: 1_800_000, kept: spooled });
    assert.equal((await catchFault(ended)).code, 'UNREACHABLE');
    assert.equal(text(), '');
  });
}

test('without grace nobody looks for older output', async () => {
  const { ended, looks } = serve([gone], { kept: kept(1000) });
  assert.equal((await catchFault(ended)).code, 'UNREACHABLE');
  assert.equal(looks(), 0);
});

test('grace hides no mistake and no signal', async () => {
  for (const code of [
    'USAGE',
    'CONFIG',
    'INTERNAL',
    'INTERRUPTED',
  ] as const satisfies FaultCode[]) {
    const answer = fails(new CourierError(code, 'wrong'));
    const { ended } = serve([answer], { graceMs: 60_000, kept: kept(1000) });
    assert.equal((await catchFault(ended)).code, code);
  }
});

test("today's rules hold for older output as well", async () => {
  const text = `${goodOutput}<<<<vm>>>>\n<<<df>>>\n`;
  const rules = { ...defaultRules, piggyback: { kind: 'drop' } as const };
  const { ended, served } = serve([gone], { graceMs: 60_000, kept: kept(1000, text), rules });
  await ended;
  assert.doesNotMatch(String(served[0]?.output), /vm|df/);
});

test('a spool that hangs holds up nobody for long', async () => {
  const context = makeCommandContext();
  const plan = makePlan([gone], { graceMs: 60_000 });
  let isAsked = false;
  const hanging = () => {
    isAsked = true;
    return new Promise<undefined>(() => undefined);
  };
  const fault = catchFault(sendByRoute(plan, context, hanging, async () => undefined));
  await waitUntil(() => isAsked && context.clock.sleeping === 1);
  context.clock.advance(2000);
  assert.equal((await fault).code, 'UNREACHABLE');
  assert.match(context.log.lines.join('\n'), /warn no answer from the spool within 2s/);
});

test('what goes wrong while it goes out is told, and nothing else is tried', async () => {
  const context = makeCommandContext();
  const plan = makePlan([delivers()], { graceMs: 60_000 });
  const lost = new CourierError('LOCAL', 'nobody reads stdout any more');
  const run = sendByRoute(
    plan,
    context,
    async () => kept(1),
    () => Promise.reject(lost),
  );
  assert.equal((await catchFault(run)).message, 'nobody reads stdout any more');
});

/** The one line of the section, and what stands behind it. */
function readSection(text: string): { readonly report: unknown; readonly rest: string } {
  const [, line = '', rest = ''] =
    /^<<<cmk_courier:sep\(0\)>>>\n([^\n]*)\n<<<>>>\n(.*)$/s.exec(text) ?? [];
  return { report: JSON.parse(line), rest };
}

test('as a section, the report says the same for the plug-ins of the package', async () => {
  const producedAt = new Date(nowMs - 12_000);
  const { ended, text } = serve([gone, delivers({ producedAt })], { report: 'section' });
  await ended;
  const { report, rest } = readSection(text());
  assert.deepEqual(report, {
    version: 1,
    courier: version,
    service: 'section',
    transport: 'b',
    source: "b's output",
    produced_at: nowMs / 1000 - 12,
    reported_at: nowMs / 1000,
    age: 12,
    attempts: 2,
    duration: 0,
    bytes: goodOutput.length,
    pick: 'first',
    failed: ['a UNREACHABLE'],
    losses: null,
    note: null,
    grace: null,
    seal: null,
    path: [
      { transport: 'a', source: 'fake://a/web01' },
      { transport: 'b', source: 'fake://b/web01' },
    ],
  });
  assert.equal(rest, goodOutput);
});

test('as both, the local check makes the service, and the section says so', async () => {
  const { ended, text } = serve([delivers()], { report: 'both' });
  await ended;
  const { report, rest } = readSection(text());
  assert.match(JSON.stringify(report), /"service":"local"/);
  assert.match(rest, /^<<<local:sep\(0\)>>>\n0 "Agent courier" /);
});

test('grace is told in the section where that is wanted, and never not at all', async () => {
  const asked = { graceMs: 1_800_000, kept: kept(720_000) };
  const { ended, text } = serve([gone], { ...asked, report: 'section' });
  await ended;
  const { report, rest } = readSection(text());
  assert.match(
    JSON.stringify(report),
    /"transport":null,"source":"collector http",.*"age":720,"attempts":null,.*"grace":\{"code":"UNREACHABLE","text":"a: connecting to depot: refused ¦ no","limit":1800\}/,
  );
  assert.match(rest, /^<<<check_mk:cached/);
});
