import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfiguration } from '../../src/doctor/from-site/configuration.ts';
import { parseSockets } from '../../src/doctor/ports/listening.ts';
import { Redaction } from '../../src/doctor/redact.ts';
import { pickSteps } from '../../src/doctor/steps-only.ts';

test('cmk -D tells address, tags, port and kind of a host', () => {
  const text = [
    '\u001b[1mweb01\u001b[0m',
    'Addresses:              192.0.2.21',
    'Tags:                   [agent:cmk-agent], [criticality:prod]',
    'Type of agent:',
    '  TCP: 192.0.2.21:6557',
    'Services:',
  ].join('\n');
  assert.deepEqual(parseConfiguration(text), {
    address: '192.0.2.21',
    addresses: ['192.0.2.21'],
    port: 6557,
    program: undefined,
    isPush: false,
    tags: ['agent:cmk-agent', 'criticality:prod'],
  });
  const program = 'Type of agent:\n  Program: cmk-courier fetch --host=web01\n  Program stdin:\n';
  assert.equal(parseConfiguration(program).program, 'cmk-courier fetch --host=web01');
  const several = `Program: /opt/agent_x\n  Program: /omd/libexec/agent_cmk_courier --host web01\n`;
  assert.match(parseConfiguration(several).program ?? '', /agent_cmk_courier/);
  assert.equal(parseConfiguration('Type of agent:          TCP (port: 6556)').port, 6556);
});

test('/proc/net tells who listens', () => {
  const head = '  sl  local_address rem_address   st';
  const tcp = `${head}\n   0: 0100007F:199C 00000000:0000 0A 0 0 0 0 0 77 1\n   1: 0100007F:199C 0100007F:0001 01 0`;
  assert.deepEqual(parseSockets(tcp, 'tcp'), [
    { proto: 'tcp', address: '127.0.0.1', port: 6556, inode: '77' },
  ]);
  const zero = '0'.repeat(32);
  const udp = `${head}\n   0: ${zero}:00A1 ${zero}:0000 07 0`;
  assert.deepEqual(parseSockets(udp, 'udp'), [
    { proto: 'udp', address: '::', port: 161, inode: '' },
  ]);
});

test('the same name becomes the same stand-in, wherever it is', () => {
  const redaction = new Redaction(['web01']);
  const text =
    'web01 (192.0.2.21) is web01, not 192.0.2.22 or db.example.com; see docs/doctor.md#blocked';
  assert.equal(
    redaction.apply(text),
    'name-1 (address-1) is name-1, not address-2 or name-2; see docs/doctor.md#blocked',
  );
  assert.equal(redaction.apply('2001:db8::7 at 10:20:30'), 'address-3 at 10:20:30');
  assert.equal(redaction.apply('docs.example.com, etc.example.com'), 'name-3, name-4');
});

test('--only takes what is needed along, in the order of the table', () => {
  const steps = [
    { id: 'a', needs: [] },
    { id: 'b', needs: ['a'] },
    { id: 'c', needs: [] },
    { id: 'd', needs: ['b'] },
  ];
  assert.deepEqual(
    pickSteps(steps, ['d']).map(({ id }) => id),
    ['a', 'b', 'd'],
  );
  assert.throws(() => pickSteps(steps, ['x']), /--only knows a, b, c, d, not "x"/);
});
