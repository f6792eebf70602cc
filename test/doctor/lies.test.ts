/** Reports of hosts that lie, are old, or tell of something else: none makes a confident wrong cause. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { parseHostReport } from '../../src/doctor/report/host-report.ts';
import { Reports } from '../../src/receiver/state/reports.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { sends } from '../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../peers/agent-controller.ts';
import { noteReport } from './named-cause.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n';

function step(id: string, status: string, code: string | null, evidence: object = {}) {
  return { id, status, code, raw_error: null, evidence, duration_ms: 1 };
}

function makeReport(steps: readonly object[], agoMs = 0): string {
  const started = `${new Date(Date.now() - agoMs).toISOString().slice(0, 19)}Z`;
  const program = 'courier-doctor 0.1.0';
  return JSON.stringify({
    schema: 1,
    program,
    host: 'web01',
    run: null,
    started,
    duration_ms: 1,
    steps,
  });
}

async function look(options: RawOptions, isJson = true): Promise<string> {
  const context = { ...makeCommandContext(), clock: systemClock, exitWith: () => undefined };
  const raw = { address: ['127.0.0.1'], ...(isJson ? { json: ['true'] } : {}), ...options };
  await doctor.run({ operands: ['web01'], options: raw }, context);
  return context.said.output;
}

async function save(t: TestContext, text: string): Promise<string[]> {
  const path = join(await makeTempDir(t), 'report.json');
  writeFileSync(path, text);
  return [path];
}

const hourMs = 3_600_000;
const listens = (place: string) => [step('listener', 'ok', null, { listeners: [place] })];

const refused: Readonly<
  Record<string, readonly [steps: (port: number) => object[], agoMs?: number]>
> = {
  'it listened an hour ago': [(port) => listens(`0.0.0.0:${port}`), hourMs],
  'it will listen tomorrow': [(port) => listens(`0.0.0.0:${port}`), -24 * hourMs],
  'it listens on another port': [(port) => listens(`0.0.0.0:${port - 1}`)],
  'it listens on another address': [(port) => listens(`192.0.2.9:${port}`)],
  'it has other places than addresses': [(port) => listens(`0.0.0.0 is fine:${port}`)],
  'its clock is wrong, which refuses nothing': [() => [step('clock', 'fault', 'clock-wrong')]],
  'the receiver is not reached, which is another port': [
    () => [step('receiver', 'fault', 'receiver-certificate')],
  ],
  'its services failed an hour ago': [() => [step('starter', 'fault', 'service-failed')], hourMs],
  'all is well, by a cause': [() => [step('legacy', 'ok', 'only-from')]],
  'something is wrong that it does not name': [() => [step('agent', 'fault', null)]],
};

for (const [what, [makeSteps, agoMs]] of Object.entries(refused)) {
  test(`refused, and the host says: ${what}`, async (t) => {
    const port = await findFreePort();
    const hostReport = await save(t, makeReport(makeSteps(port), agoMs));
    const document = JSON.parse(await look({ port: [String(port)], hostReport }));
    const named = noteReport(`refused, and: ${what}`, 'both', 'port-refused', document);
    assert.equal(named, 'port-refused');
  });
}

const missing = [
  step('agent', 'fault', 'agent-missing'),
  step('listener', 'fault', 'port-refused'),
];

async function withGoodHost(use: (port: string[]) => Promise<void>): Promise<void> {
  const deviations = { instead: sends(output) };
  await withAgentController({ agent: async () => Buffer.alloc(0), deviations }, ({ port }) =>
    use([String(port)]),
  );
}

test('output that came refutes a host that says there is none', async (t) => {
  const hostReport = await save(t, makeReport(missing));
  await withGoodHost(async (port) => {
    const document = JSON.parse(await look({ port, hostReport }));
    noteReport('output came, and the host says it has none', 'both', 'agent-missing', document);
    const { verdict, cause } = document;
    assert.deepEqual([verdict, cause?.code], ['warning', 'agent-missing']);
  });
});

test('a fault without a name is never told as nothing wrong', async (t) => {
  const hostReport = await save(t, makeReport([step('agent', 'fault', null)]));
  await withGoodHost(async (port) => {
    assert.equal(
      await look({ port, hostReport, quiet: ['true'] }, false),
      'web01: it does not work, and nothing that was looked at tells why (unexplained, on the way).\n',
    );
  });
});

test('what a host has sent to the receiver is used, with the age of its arrival', async (t) => {
  const directory = await makeTempDir(t);
  const reports = await Reports.open(directory);
  const steps = [step('starter', 'fault', 'service-failed')];
  const report = parseHostReport(Buffer.from(makeReport(steps, -24 * hourMs)), 'web01');
  const keep = (agoMs: number) => {
    const receivedAt = new Date(Date.now() - agoMs).toISOString();
    return reports.keep({ host: 'web01', receivedAt, receivedBy: 'token web', report });
  };
  const options = { port: [String(await findFreePort())], receiverState: [directory] };
  await keep(1000);
  assert.equal(JSON.parse(await look(options)).cause.code, 'service-failed');
  await keep(hourMs);
  assert.equal(JSON.parse(await look(options)).cause.code, 'port-refused');
});

test('a host that ssh does not reach is looked at from the site all the same', async () => {
  const port = [String(await findFreePort())];
  const ssh = [`ssh://courier-doctor@127.0.0.1:${await findFreePort()}`];
  const { cause, steps } = JSON.parse(await look({ port, ssh, deadline: ['5s'] }));
  assert.equal(cause?.code, 'port-refused');
  const host = steps.find(({ id }: { id: string }) => id === 'host');
  assert.equal(host?.status, 'unknown');
  assert.match(host.text, /known-hosts is missing/);
});

test('--ssh that is none is told before anybody looks', async () => {
  await assert.rejects(look({ ssh: ['web01'] }), { message: '--ssh must be ssh://USER@HOST' });
});
