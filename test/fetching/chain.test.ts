import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { CourierError, type FaultCode, stderrLine } from '../../src/faults/errors.ts';
import type { SourceStep } from '../../src/fetching/attempt.ts';
import { fetchFirst } from '../../src/fetching/chain.ts';
import type { FetchPlan } from '../../src/fetching/plan.ts';
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

const timeout = 60_000;
const names = ['a', 'b', 'c', 'd'];

/** A chain of sources `a`, `b`, … with these answers, and all that is done with them. */
function makeChain(answers: readonly Answer[], changes: Partial<FetchPlan> = {}) {
  const calls: string[] = [];
  const steps = answers.map((answer, index) => makeStep(names[index] ?? 'x', answer, calls));
  const plan: FetchPlan = {
    target: { host: parseHostName('web01'), address: undefined },
    steps,
    rules: defaultRules,
    deadlineMs: 30_000,
    timeoutMs: undefined,
    lend: withTransport,
    ...changes,
  };
  return { calls, plan, context: makeCommandContext() };
}

function runChain({ plan, context }: ReturnType<typeof makeChain>): Promise<void> {
  return throwFault(fetchFirst(plan, context, ({ output }) => context.writeOutput(output)));
}

/** The line on stderr of a chain that fails. */
async function lineOf(chain: ReturnType<typeof makeChain>, run = runChain(chain)): Promise<string> {
  const error = await catchFault(run);
  assert.equal(chain.context.said.output, '');
  assert.equal(chain.context.clock.sleeping, 0);
  return stderrLine(error, error.where ?? ['nowhere']);
}

function failsWith(code: FaultCode, message: string): Answer {
  return fails(new CourierError(code, message));
}

const gone = failsWith('UNREACHABLE', 'connecting to depot:443: connection refused');
const missing = failsWith('NO_OUTPUT', 'nothing in /drops for web01');
const stale = delivers({ producedAt: new Date(0) });
const malformed = delivers({ output: Buffer.from('not found\n') });

test('the first source that is good is the only one asked', async () => {
  const chain = makeChain([delivers(), delivers()]);
  await runChain(chain);
  assert.equal(chain.context.said.output, goodOutput);
  assert.deepEqual(chain.calls, ['a open', 'a fetch web01', 'a acknowledge', 'a close']);
  assert.equal(chain.context.clock.sleeping, 0);
});

test('sources are asked in order until one is good, each closed before the next', async () => {
  const chain = makeChain([gone, malformed, delivers(), delivers()]);
  await runChain(chain);
  assert.equal(chain.context.said.output, goodOutput);
  assert.deepEqual(chain.calls, [
    ...['a open', 'a fetch web01', 'a close'],
    ...['b open', 'b fetch web01', 'b close'],
    ...['c open', 'c fetch web01', 'c acknowledge', 'c close'],
  ]);
});

test('what we got over is said in the log', async () => {
  const chain = makeChain([gone, delivers()]);
  await runChain(chain);
  assert.equal(
    chain.context.log.lines[0],
    "info connecting to depot:443: connection refused { transport: 'a', code: 'UNREACHABLE' }",
  );
});

test('one source that fails is the whole line', async () => {
  assert.equal(
    await lineOf(makeChain([gone])),
    'cmk-courier: a: web01: connecting to depot:443: connection refused (UNREACHABLE)',
  );
});

test('of two sources that fail the last is told in full, the first by its code', async () => {
  assert.equal(
    await lineOf(makeChain([gone, missing])),
    'cmk-courier: b: web01: nothing in /drops for web01; before it a UNREACHABLE (NO_OUTPUT)',
  );
});

test('of three sources that fail the first two are told by their codes', async () => {
  assert.equal(
    await lineOf(makeChain([gone, malformed, stale])),
    "cmk-courier: c: web01: c's output is 20454d old, allowed are 5m; " +
      'before it a UNREACHABLE, b MALFORMED (STALE)',
  );
});

test('a long fault leaves room for the other sources', async () => {
  const long = failsWith('PEER', 'x'.repeat(500));
  assert.equal(
    await lineOf(makeChain([gone, missing, long])),
    `cmk-courier: c: web01: ${'x'.repeat(199)}…; before it a UNREACHABLE, b NO_OUTPUT (PEER)`,
  );
});

test('the exit code is that of the last source', async () => {
  const error = await catchFault(runChain(makeChain([gone, missing])));
  assert.equal(error.exitCode, 9);
});

test('what nobody foresaw in a source does not stop the others', async () => {
  const chain = makeChain([fails(new TypeError('boom')), delivers()]);
  await runChain(chain);
  assert.equal(chain.context.said.output, goodOutput);
});

test('what nobody foresaw in the last source is said to be a bug', async () => {
  assert.equal(
    await lineOf(makeChain([fails(new TypeError('boom'))])),
    'cmk-courier: a: web01: fetching: boom; this is a bug, --debug shows where (INTERNAL)',
  );
});

test('without any source it is a mistake', async () => {
  const error = await catchFault(runChain(makeChain([])));
  assert.deepEqual([error.code, error.message], ['USAGE', 'no source given']);
});

test('a missing address harms only the sources that need it', async () => {
  const chain = makeChain([]);
  const steps: readonly SourceStep[] = [
    makeStep('a', delivers(), chain.calls, 'fake://{address}'),
    makeStep('b', delivers(), chain.calls, 'fake://{host}'),
  ];
  await runChain({ ...chain, plan: { ...chain.plan, steps } });
  assert.equal(chain.context.said.output, goodOutput);
  assert.deepEqual(chain.calls, ['b open', 'b fetch web01', 'b acknowledge', 'b close']);
});

test('sources that hang share the deadline equally', { timeout }, async () => {
  const chain = makeChain([hangs, hangs, hangs]);
  const running = runChain(chain);
  const line = lineOf(chain, running);
  for (const name of ['a', 'b', 'c']) {
    await waitUntil(() => chain.calls.includes(`${name} fetch web01`));
    chain.context.clock.advance(10_000);
  }
  assert.equal(
    await line,
    'cmk-courier: c: web01: no agent output from fake://c/web01 within 10s; ' +
      'before it a TIMEOUT, b TIMEOUT (TIMEOUT)',
  );
});

test('what a source does not use of its share goes to the others', { timeout }, async () => {
  const chain = makeChain([gone, hangs, hangs]);
  const line = lineOf(chain);
  for (const name of ['b', 'c']) {
    await waitUntil(() => chain.calls.includes(`${name} fetch web01`));
    chain.context.clock.advance(15_000);
  }
  assert.equal(
    await line,
    'cmk-courier: c: web01: no agent output from fake://c/web01 within 15s; ' +
      'before it a UNREACHABLE, b TIMEOUT (TIMEOUT)',
  );
});

for (const byMs of [3_600_000, -3_600_000]) {
  const when = byMs > 0 ? 'forward' : 'back';
  test(`a clock that is set ${when} by an hour takes no time from the sources`, {
    timeout,
  }, async () => {
    const slow: Answer = async () => {
      chain.context.clock.step(byMs);
      throw new CourierError('NO_OUTPUT', 'nothing there');
    };
    const chain = makeChain([slow, hangs]);
    const line = lineOf(chain);
    await waitUntil(() => chain.calls.includes('b fetch web01'));
    chain.context.clock.advance(30_000);
    assert.match(
      await line,
      /no agent output from fake:\/\/b\/web01 within 30s; before it a NO_OUTPUT/,
    );
  });
}

test('a timeout ends a source earlier than its share', { timeout }, async () => {
  const chain = makeChain([hangs, delivers()], { timeoutMs: 2000 });
  const running = runChain(chain);
  chain.context.clock.advance(2000);
  await running;
  assert.equal(chain.context.said.output, goodOutput);
});

test('a signal ends the chain and no other source is asked', { timeout }, async () => {
  const controller = new AbortController();
  const chain = {
    ...makeChain([hangs, delivers()]),
    context: makeCommandContext(controller.signal),
  };
  const line = lineOf(chain);
  await waitUntil(() => chain.calls.includes('a fetch web01'));
  controller.abort(new CourierError('INTERRUPTED', 'ended by SIGTERM'));
  assert.equal(await line, 'cmk-courier: a: web01: ended by SIGTERM (INTERRUPTED)');
  assert.deepEqual(chain.calls, ['a open', 'a fetch web01', 'a close']);
});

test('a delivery that fails ends the chain and no other source is asked', async () => {
  const chain = makeChain([gone, delivers(), delivers()]);
  const fault = new CourierError('LOCAL', 'writing to stdout: nobody reads it any more');
  const run = throwFault(fetchFirst(chain.plan, chain.context, () => Promise.reject(fault)));
  assert.equal(
    await lineOf(chain, run),
    'cmk-courier: b: web01: writing to stdout: nobody reads it any more (LOCAL)',
  );
  assert.equal(chain.calls.at(-1), 'b close');
});

test('an acknowledgement that fails does not make another source be asked', async () => {
  const acknowledge = () => Promise.reject(new Error('boom'));
  const chain = makeChain([delivers({ acknowledge }), delivers()]);
  await runChain(chain);
  assert.equal(chain.context.said.output, goodOutput);
  assert.deepEqual(chain.calls, ['a open', 'a fetch web01', 'a close']);
});

test('the cause of the final fault is the fault of the source', async () => {
  const fault = new CourierError('PEER', 'status 503');
  const error = await catchFault(runChain(makeChain([gone, fails(fault)])));
  assert.equal(error.cause, fault);
  assert.deepEqual(error.where, ['b', 'web01']);
});

test('no timer of real time is left, whether it succeeds or not', { timeout }, async () => {
  for (const answers of [[delivers()], [gone], [gone, delivers()], [stale, malformed]]) {
    const { plan, context } = makeChain(answers, { deadlineMs: 3_600_000 });
    const real = { ...context, clock: systemClock };
    await fetchFirst(plan, real, async () => undefined);
    assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
  }
});
