/** The outputs of `doctor HOST`, word for word. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { withAgentController } from '../peers/agent-controller.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n<<<uptime>>>\n1 2\n';

async function run(options: RawOptions) {
  const context = { ...makeCommandContext(), clock: systemClock };
  let exit = 0;
  const exitWith = (code: number) => {
    exit = code;
  };
  await doctor.run({ operands: ['web01'], options }, { ...context, exitWith });
  return { exit, output: context.said.output };
}

/** Times are others each time. */
function untime(said: string): readonly string[] {
  return said.split('\n').map((line) => line.replace(/ +[0-9.]+ m?s$/, ''));
}

test('a host on which all is well, word for word', async () => {
  const settings = { agent: async () => Buffer.from(output) };
  await withAgentController(settings, async (controller) => {
    const port = [String(controller.port)];
    const options = { address: ['127.0.0.1'], port, only: ['output'] };
    const { exit, output: said } = await run(options);
    assert.equal(exit, 0);
    assert.deepEqual(untime(said), [
      'web01 (127.0.0.1)',
      '',
      '  + site  address, route, port, bytes, tls, output',
      '',
      '  web01: nothing is wrong, as far as somebody could look.',
      '',
    ]);
  });
});

test('both sides together, word for word', async (t) => {
  const path = join(await makeTempDir(t), 'report.json');
  const started = `${new Date().toISOString().slice(0, 19)}Z`;
  const port = String(await findFreePort());
  const evidence = { listeners: [`0.0.0.0:${port}`] };
  const step = { id: 'listener', status: 'ok', code: null, raw_error: null, duration_ms: 1 };
  const head = { schema: 1, program: 'courier-doctor 0.1.0', host: 'web01', run: null, started };
  const report = { ...head, duration_ms: 1, steps: [{ ...step, evidence }] };
  writeFileSync(path, JSON.stringify(report));
  const options = { address: ['127.0.0.1'], port: [port], only: ['port'], hostReport: [path] };
  const { exit, output: said } = await run(options);
  assert.equal(exit, 5);
  const told = untime(said).map((line) => line.replace(/[0-9.]+m?s ago/g, 'N ago'));
  const cause =
    'the host listens, and no connection from here comes about: something on the way stops it or holds it up';
  assert.deepEqual(told, [
    'web01 (127.0.0.1)',
    '',
    '  + address       127.0.0.1 as named',
    '  + route         from 127.0.0.1',
    '  x port          refused',
    `    cause        blocked: ${cause}`,
    `    do           on the site: let TCP to 127.0.0.1:${port} pass on the way`,
    `    do           on the host: nft list ruleset | grep ${port}`,
    '    see          docs/doctor.md#blocked',
    `    said         communication failed: connecting to 127.0.0.1:${port}: connection refused; no agent listens there, or its controller has no pull connection (it looks again every minute)`,
    '  + host          its report, N ago, as the file says',
    '  + host-listener fine, as it told N ago',
    '',
    `  web01: ${cause} (blocked, on the way).`,
    '',
  ]);
});

test('the whole output, word for word', async () => {
  const port = String(await findFreePort());
  const options = { address: ['127.0.0.1'], port: [port], only: ['output'] };
  const { exit, output: said } = await run(options);
  assert.equal(exit, 5);
  const expected = [
    'web01 (127.0.0.1)',
    '',
    '  + address       127.0.0.1 as named',
    '  + route         from 127.0.0.1',
    '  x port          refused',
    '    cause        port-refused: the host is there, and nobody answers on the port',
    '    do           on the host: courier-doctor; cmk-agent-ctl status; systemctl status check-mk-agent.socket',
    '    see          docs/doctor.md#port-refused',
    `    said         communication failed: connecting to 127.0.0.1:${port}: connection refused; no agent listens there, or its controller has no pull connection (it looks again every minute)`,
    '  - bytes         skipped: needs port',
    '  - tls           skipped: needs port',
    '  - output        skipped: needs port',
    '',
    '  web01: the host is there, and nobody answers on the port (port-refused, on the host).',
    '',
  ];
  assert.deepEqual(untime(said), expected);
});
