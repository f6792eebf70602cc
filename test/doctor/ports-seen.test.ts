/** `doctor ports`: what is asked over UDP, and who listens here. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { doctor } from '../../src/commands/doctor.ts';
import { findListeners } from '../../src/doctor/ports/listening.ts';
import { findHolders } from '../../src/doctor/ports/processes.ts';
import { questionFor } from '../../src/doctor/ports/questions.ts';
import { portsOf } from '../../src/doctor/ports/table.ts';
import { tryUdp } from '../../src/doctor/ports/trying.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('each protocol is asked on its own port, and any other gets words', () => {
  const [dns, ntp, snmp] = [53, 123, 161].map(questionFor);
  // One question, of type NS and class IN, for the root.
  assert.equal(dns?.subarray(4, 6).readUInt16BE(), 1);
  assert.equal(dns?.subarray(12).toString('hex'), '0000020001');
  assert.deepEqual([ntp?.length, (ntp?.[0] ?? 0) >> 3, (ntp?.[0] ?? 0) & 7], [48, 4, 3]);
  assert.equal(snmp?.[1], snmp?.subarray(2).length);
  const others = portsOf('site', '').filter(({ proto, port }) => proto === 'udp' && port !== 161);
  for (const { port } of others)
    assert.equal(questionFor(port).toString(), 'cmk-courier doctor ports');
});

test('a port without anybody refuses', async () => {
  const { state } = await tryUdp('127.0.0.1', await findFreePort(), neverAborts);
  assert.equal(state, 'refused');
});

test('the process that listens is named', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const own = (await findListeners())?.find((one) => one.proto === 'tcp' && one.port === port);
  const holders = await findHolders(new Set([own?.inode ?? '']));
  assert.match(holders.get(own?.inode ?? '') ?? '', new RegExp(` \\(${process.pid}\\)$|^\\? \\(`));
});

test('a report of a host tells of its port and of the receiver', async (t) => {
  const path = join(await makeTempDir(t), 'report.json');
  const step = { status: 'ok', code: null, raw_error: null, duration_ms: 1 };
  const steps = [
    { ...step, id: 'listener', evidence: { port: 6556, listeners: ['0.0.0.0:6556'] } },
    {
      ...step,
      id: 'receiver',
      evidence: { receiver_port: 8000, connect: 'silent', server: 'cmk' },
    },
  ];
  const report = { schema: 1, program: 'courier-doctor 0.1.0', host: 'web01', run: null };
  writeFileSync(path, JSON.stringify({ ...report, started: null, duration_ms: 1, steps }));
  const context = makeCommandContext();
  await doctor.run({ operands: ['ports'], options: { fromReport: [path] } }, context);
  assert.deepEqual(context.said.output.split('\n'), [
    '6556/tcp   agent                                      listens on 0.0.0.0:6556, as the host told',
    '8000/tcp   Agent Receiver                             no answer at cmk, as the host told',
    '',
  ]);
});
