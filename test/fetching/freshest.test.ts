import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CourierError, type FaultCode, stderrLine } from '../../src/faults/errors.ts';
import { fetchFreshest } from '../../src/fetching/freshest.ts';
import type { FetchPlan, FoundOutput } from '../../src/fetching/plan.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault, throwFault } from '../helpers/expect-fault.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import {
  type Answer,
  delivers,
  fails,
  goodOutput,
  hangs,
  makeStep,
} from '../helpers/scripted-transport.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const names = ['a', 'b', 'c', 'd'];

/** Sources `a`, `b`, … with these answers, and all that is done with them. */
function makeContest(answers: readonly Answer[], changes: Partial<FetchPlan> = {}) {
  const calls: string[] = [];
  const found: FoundOutput[] = [];
  const context = makeCommandContext();
  const plan: FetchPlan = {
    target: { host: parseHostName('web01'), address: undefined },
    steps: answers.map((answer, index) => makeStep(names[index] ?? 'x', answer, calls)),
    rules: defaultRules,
    deadlineMs: 30_000,
    timeoutMs: undefined,
    lend: withTransport,
    ...changes,
  };
  const run = async (shutdown = context.shutdown) =>
    throwFault(fetchFreshest(plan, { ...context, shutdown }, async (one) => void found.push(one)));
  return { calls, found, context, run };
}

/** Output that is so old. */
function aged(ageMs: number, context = makeCommandContext()): Answer {
  return delivers({ producedAt: new Date(context.clock.now() - ageMs) });
}

function failsWith(code: FaultCode, message: string): Answer {
  return fails(new CourierError(code, message));
}

async function lineOf(run: Promise<void>): Promise<string> {
  const error = await catchFault(run);
  return stderrLine(error, error.where ?? ['nowhere']);
}

test('the newest output wins, wherever it stands, and only its source is acknowledged', async () => {
  const { calls, found, context, run } = makeContest([aged(50_000), aged(10_000), aged(90_000)]);
  await run();
  assert.deepEqual(
    found.map(({ step, output, attempts, failed }) => [step.name, output.length, attempts, failed]),
    [['b', goodOutput.length, 3, []]],
  );
  assert.deepEqual(
    calls.filter((call) => call.endsWith('acknowledge')),
    ['b acknowledge'],
  );
  assert.equal(calls.filter((call) => call.endsWith('close')).length, 3);
  assert.equal(context.clock.sleeping, 0);
});

test('all sources are asked before one has answered', async () => {
  const { calls, run } = makeContest([aged(1), aged(2), aged(3)]);
  const running = run();
  await waitUntil(() => calls.length >= 6);
  assert.deepEqual(
    calls.slice(0, 3).map((call) => call.split(' ')[1]),
    ['open', 'open', 'open'],
  );
  await running;
});

test('of equally new outputs the source named first wins', async () => {
  const { found, run } = makeContest([aged(90_000), aged(5000), aged(5000)]);
  await run();
  assert.equal(found[0]?.step.name, 'b');
});

test('output of unknown age comes behind output whose age is known', async () => {
  const { found, run } = makeContest([delivers(), aged(200_000)]);
  await run();
  assert.equal(found[0]?.step.name, 'b');
});

test('the newest output that fails a check does not win', async () => {
  const broken: Answer = async () => ({
    output: Buffer.from('<html>login</html>\n'),
    producedAt: new Date(makeCommandContext().clock.now()),
  });
  const { found, run } = makeContest([broken, aged(60_000), aged(400_000)]);
  await run();
  assert.deepEqual(
    found.map(({ step, failed }) => [step.name, failed]),
    [['b', ['a MALFORMED', 'c STALE']]],
  );
});

test('a source that hangs is waited for a tenth of the deadline once another has delivered', async () => {
  const { calls, found, context, run } = makeContest([hangs, aged(1000)]);
  const running = run();
  await waitUntil(() => calls.includes('b fetch web01') && context.clock.sleeping === 2);
  context.clock.advance(2999);
  await waitUntil(() => context.clock.sleeping === 2);
  assert.equal(found.length, 0);
  context.clock.advance(1);
  await running;
  assert.equal(found[0]?.step.name, 'b');
  assert.ok(calls.includes('a close'));
  assert.equal(context.clock.sleeping, 0);
});

test('a source that another one outran was not silent', async () => {
  const reasons: unknown[] = [];
  const slow: Answer = (signal) =>
    hangs(signal).catch((reason: unknown) => {
      reasons.push(reason);
      throw reason;
    });
  const { calls, context, run } = makeContest([slow, aged(1000)]);
  const running = run();
  await waitUntil(() => calls.includes('b fetch web01') && context.clock.sleeping === 2);
  context.clock.advance(3000);
  await running;
  assert.deepEqual(
    reasons.map((reason) => reason instanceof CourierError && [reason.code, reason.message]),
    [['INTERRUPTED', 'another source was chosen']],
  );
});

test('when every source fails, the last is told in full and the others by code', async () => {
  const gone = failsWith('UNREACHABLE', 'connecting to depot:443: connection refused');
  const missing = failsWith('NO_OUTPUT', 'nothing in /drops for web01');
  assert.equal(
    await lineOf(makeContest([missing, gone]).run()),
    'cmk-courier: b: web01: connecting to depot:443: connection refused; before it a NO_OUTPUT (UNREACHABLE)',
  );
});

test('a source has its own time, else that of all', async () => {
  const { context, run } = makeContest([hangs, hangs], { timeoutMs: 2000 });
  const line = lineOf(run());
  await waitUntil(() => context.clock.sleeping === 2);
  context.clock.advance(2000);
  assert.equal(
    await line,
    'cmk-courier: b: web01: no agent output from fake://b/web01 within 2s; before it a TIMEOUT (TIMEOUT)',
  );
});

test('a signal ends all of them', async () => {
  const controller = new AbortController();
  const { calls, run } = makeContest([hangs, hangs]);
  const line = lineOf(run(controller.signal));
  await waitUntil(() => calls.filter((call) => call.includes('fetch')).length === 2);
  controller.abort(new CourierError('INTERRUPTED', 'ended by SIGTERM'));
  assert.match(await line, /: ended by SIGTERM; before it a INTERRUPTED \(INTERRUPTED\)$/);
});

test('a delivery that fails is what is told, and nothing is acknowledged', async () => {
  const { calls, context } = makeContest([]);
  const steps = ['a', 'b'].map((name) => makeStep(name, aged(1000), calls));
  const plan: FetchPlan = {
    target: { host: parseHostName('web01'), address: undefined },
    steps,
    rules: defaultRules,
    deadlineMs: 30_000,
    timeoutMs: undefined,
    lend: withTransport,
  };
  const fault = new CourierError('LOCAL', 'writing to stdout: nobody reads it any more');
  const line = await lineOf(throwFault(fetchFreshest(plan, context, () => Promise.reject(fault))));
  assert.equal(line, 'cmk-courier: a: web01: writing to stdout: nobody reads it any more (LOCAL)');
  assert.deepEqual(
    calls.filter((call) => call.endsWith('acknowledge')),
    [],
  );
});
