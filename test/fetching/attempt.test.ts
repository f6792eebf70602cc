import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import { fetchFrom, type Take } from '../../src/fetching/attempt.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import {
  type OpenContext,
  type TransportModule,
  withTransport,
} from '../../src/transports/transport.ts';
import { makeCommandContext, type WatchedContext } from '../helpers/command-context.ts';
import { catchFault, expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
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
const host = parseHostName('web01');

interface Asked {
  readonly context?: WatchedContext;
  readonly uri?: string;
  readonly address?: string;
  readonly deliver?: (output: Buffer) => Promise<void>;
  readonly isTaken?: boolean;
  readonly cancel?: AbortSignal;
}

/** Asks one source called `a` and writes down everything that happens. */
function ask(answer: Answer, asked: Asked = {}) {
  const calls: string[] = [];
  const context = asked.context ?? makeCommandContext();
  const deliver: Take = async ({ output }) => {
    calls.push(`deliver ${output.length}`);
    await asked.deliver?.(output);
    return (asked.isTaken ?? true) ? 'taken' : 'left';
  };
  const target = { host, address: asked.address };
  const { cancel } = asked;
  const usual = { target, rules: defaultRules, timeoutMs: 10_000, lend: withTransport };
  const attempt = cancel === undefined ? usual : { ...usual, cancel };
  const step = makeStep('a', answer, calls, asked.uri);
  return { calls, context, ended: fetchFrom(step, attempt, context, deliver) };
}

test('good output is delivered, then acknowledged, then the transport is closed', async () => {
  const { calls, ended } = ask(delivers());
  await ended;
  const deliver = `deliver ${goodOutput.length}`;
  assert.deepEqual(calls, ['a open', 'a fetch web01', deliver, 'a acknowledge', 'a close']);
});

test('output that is not wanted stays in the source', async () => {
  const { calls, ended } = ask(delivers(), { isTaken: false });
  await ended;
  const deliver = `deliver ${goodOutput.length}`;
  assert.deepEqual(calls, ['a open', 'a fetch web01', deliver, 'a close']);
});

test('a fetch that is cancelled ends with the reason it is given', async () => {
  const cancelling = new AbortController();
  const { calls, ended } = ask(hangs, { cancel: cancelling.signal });
  await waitUntil(() => calls.includes('a fetch web01'));
  const reason = new CourierError('TIMEOUT', 'another source was quicker');
  cancelling.abort(reason);
  assert.equal(await expectFault(ended, 'TIMEOUT'), reason);
});

test('what was accepted is said in the log, with the transport and the host', async () => {
  const context = makeCommandContext();
  const producedAt = new Date(context.clock.now() - 1000);
  await ask(delivers({ producedAt }), { context }).ended;
  assert.deepEqual(
    context.log.lines.map((line) => line.replace(/\s+/g, ' ')),
    [
      "info agent output accepted { transport: 'a', host: 'web01', origin: \"a's output\", " +
        "bytes: 30, producedAt: '2025-12-31T23:59:59.000Z', durationMs: 0 }",
    ],
  );
});

test('acknowledging waits until everything is delivered', async () => {
  const calls: string[] = [];
  const { ended, ...asked } = ask(delivers(), {
    deliver: async () => {
      await new Promise(setImmediate);
      calls.push(...asked.calls);
    },
  });
  await ended;
  assert.deepEqual(calls, ['a open', 'a fetch web01', 'deliver 30']);
  assert.deepEqual(asked.calls.slice(3), ['a acknowledge', 'a close']);
});

test('an acknowledgement that fails is logged and not thrown', async () => {
  const acknowledge = () => Promise.reject(new CourierError('PEER', 'mailbox is locked'));
  const { calls, context, ended } = ask(delivers({ acknowledge }));
  await ended;
  assert.deepEqual(calls.slice(2), ['deliver 30', 'a close']);
  assert.equal(
    context.log.lines.at(-1),
    "warn acknowledging failed: mailbox is locked { transport: 'a', host: 'web01', code: 'PEER' }",
  );
});

test('an acknowledgement that hangs ends in time, also once a signal has come', {
  timeout,
}, async () => {
  const acknowledge = () => new Promise<void>(() => undefined);
  const ended = new AbortController();
  const deliver = async () => ended.abort(new CourierError('INTERRUPTED', 'ended by SIGTERM'));
  for (const asked of [
    { context: makeCommandContext(), afterMs: 5000 },
    { context: makeCommandContext(ended.signal), deliver, afterMs: 1000 },
  ]) {
    const { calls, context, ended: fetched } = ask(delivers({ acknowledge }), asked);
    await waitUntil(() => calls.length === 3 && context.clock.sleeping === 1);
    context.clock.advance(asked.afterMs);
    await fetched;
    assert.match(context.log.lines.at(-1) ?? '', /was not acknowledged within \d+s/);
    assert.equal(calls.at(-1), 'a close');
  }
});

test('output that is not good is neither delivered nor acknowledged', async () => {
  const { calls, ended } = ask(delivers({ output: Buffer.from('<html>') }));
  await expectFault(ended, 'MALFORMED');
  assert.deepEqual(calls, ['a open', 'a fetch web01', 'a close']);
});

test('a fetch that fails closes the transport and keeps its fault', async () => {
  const fault = new CourierError('NO_OUTPUT', 'nothing there');
  const { calls, context, ended } = ask(fails(fault));
  assert.equal(await catchFault(ended), fault);
  assert.deepEqual(calls, ['a open', 'a fetch web01', 'a close']);
  assert.equal(context.clock.sleeping, 0);
});

test('a delivery that fails is thrown as it is and nothing is acknowledged', async () => {
  const fault = new CourierError('LOCAL', 'writing to stdout: nobody reads it any more');
  const { calls, ended } = ask(delivers(), { deliver: () => Promise.reject(fault) });
  assert.equal(await catchFault(ended), fault);
  assert.deepEqual(calls, ['a open', 'a fetch web01', 'deliver 30', 'a close']);
});

test('a fetch that takes too long is ended and named, its query left out', {
  timeout,
}, async () => {
  const uri = 'fake://{address}/{host}?token=1#x';
  const { calls, context, ended } = ask(hangs, { uri, address: '2001:db8::1' });
  context.clock.advance(10_000);
  const fault = await expectFault(ended, 'TIMEOUT');
  assert.equal(fault.message, 'no agent output from fake://[2001:db8::1]/web01?… within 10s');
  assert.equal(calls.at(-1), 'a close');
  assert.equal(context.clock.sleeping, 0);
});

test('output that arrives after its time is not delivered', { timeout }, async () => {
  const context = makeCommandContext();
  const late: Answer = async () => {
    context.clock.advance(10_000);
    await new Promise(setImmediate);
    return {};
  };
  const { calls, ended } = ask(late, { context });
  await expectFault(ended, 'TIMEOUT');
  assert.deepEqual(calls, ['a open', 'a fetch web01', 'a close']);
});

test('delivering may take longer than the timeout', { timeout }, async () => {
  const context = makeCommandContext();
  const deliver = async () => {
    assert.equal(context.clock.sleeping, 0);
    context.clock.advance(60_000);
    await new Promise(setImmediate);
  };
  const { calls, ended } = ask(delivers(), { context, deliver });
  await ended;
  assert.deepEqual(calls.slice(-2), ['a acknowledge', 'a close']);
});

test('a signal ends the fetch with its own reason', { timeout }, async () => {
  const controller = new AbortController();
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  const { calls, ended } = ask(hangs, { context: makeCommandContext(controller.signal) });
  controller.abort(reason);
  assert.equal(await catchFault(ended), reason);
  assert.equal(calls.at(-1), 'a close');
});

test('nothing holds on to the signal that ends the program', { timeout }, async () => {
  const context = makeCommandContext();
  await ask(delivers(), { context }).ended;
  await catchFault(ask(fails(new CourierError('PEER', 'x')), { context }).ended);
  assert.deepEqual(getEventListeners(context.shutdown, 'abort'), []);
});

test('a source that needs an address is not opened for a host that has none', async () => {
  const { calls, context, ended } = ask(delivers(), { uri: 'fake://{address}' });
  const fault = await expectFault(ended, 'USAGE');
  assert.equal(
    fault.message,
    'the source needs {address}, but the host has no address (--address)',
  );
  assert.deepEqual(calls, []);
  assert.equal(context.clock.sleeping, 0);
});

test('the transport gets what it needs to open', async () => {
  const context = makeCommandContext();
  const { module, ...step } = makeStep('a', delivers(), []);
  const seen: OpenContext[] = [];
  const open: TransportModule['open'] = (source, openContext) => {
    seen.push(openContext);
    return module.open(source, openContext);
  };
  const target = { host, address: undefined };
  const attempt = { target, rules: defaultRules, timeoutMs: 10_000, lend: withTransport };
  await fetchFrom({ ...step, module: { ...module, open } }, attempt, context, async () => 'taken');
  const { maxOutputBytes, clock, env, signal } = seen[0] ?? makeOpenContext();
  assert.deepEqual([seen.length, maxOutputBytes, signal.aborted], [1, 1000, false]);
  assert.equal(clock, context.clock);
  assert.equal(env, context.env);
});
