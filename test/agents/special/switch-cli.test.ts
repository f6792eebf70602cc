/** The recipe for a switch, against one that pages, colours and splits its packets. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { catchFault } from '../../helpers/expect-fault.ts';
import { start } from '../../helpers/run-program.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { everyOption, type Manners, TelnetSwitch } from '../../peers/telnet-switch.ts';
import { runSections } from '../../special-agents/running.ts';

const recipe = readFileSync('agents/special/switch_cli/recipe.yaml', 'utf8');

const ports = [
  '',
  'Port      Name               Status       Vlan       Duplex  Speed Type',
  'Gi1/0/1   uplink to core     connected    trunk      a-full a-1000 10/100/1000BaseTX',
  'Gi1/0/2                      notconnect   1            auto   auto 10/100/1000BaseTX',
  'Gi1/0/3   not connected yet  err-disabled 10           auto   auto 10/100/1000BaseTX',
  'Te1/1/1                      sfpAbsent    1            full   1000 unknown',
  '',
].join('\r\n');

const version = [
  'Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.0(2)SE11, RELEASE SOFTWARE (fc3)',
  'Copyright (c) 1986-2017 by Cisco Systems, Inc.',
  '',
  'sw1 uptime is 3 weeks, 2 days, 4 hours, 10 minutes',
  '',
].join('\r\n');

const answers = { 'show interfaces status': ports, 'show version': version };

async function run(t: TestContext, manners: Manners, notConnected = '0'): Promise<string> {
  const peer = new TelnetSwitch({ answers, ...manners });
  const port = String(await peer.start());
  t.after(() => peer.end());
  const path = join(await makeTempDir(t), 'password');
  writeFileSync(path, 'right-horse\n', { mode: 0o600 });
  const options = { username: ['admin'], passwordFile: [path], notConnected: [notConnected] };
  return runSections(recipe, { ...options, port: [port] });
}

const services = (notConnected: string) => `<<<local:sep(0)>>>
0 "Port Gi1/0/1" - uplink to core: connected, VLAN trunk, a-1000 a-full
${notConnected} "Port Gi1/0/2" - notconnect, VLAN 1, auto auto
2 "Port Gi1/0/3" - not connected yet: err-disabled, VLAN 10, auto auto
0 "Port Te1/1/1" - sfpAbsent, VLAN 1, 1000 full
<<<local:sep(0)>>>
0 "Switch software" - version 15.0(2)SE11, up for 3 weeks, 2 days, 4 hours, 10 minutes
<<<cmk_courier_agent:sep(0)>>>
`;

for (const [what, manners] of [
  ['as it is', {}],
  [
    'that pages, colours and speaks byte by byte',
    { page: 2, coloured: true, packetBytes: 1, negotiates: everyOption },
  ],
] as const satisfies readonly (readonly [string, Manners])[]) {
  test(`ports and software of a switch ${what}`, async (t) => {
    assert.equal(await run(t, manners), services('0'));
  });
}

test('a port without a plug has the state that is asked for', async (t) => {
  assert.equal(await run(t, {}, '1'), services('1'));
});

test('a switch that does not know a command is PEER, and names it', async (t) => {
  const { code, message } = await catchFault(run(t, { answers: { 'show version': version } }));
  assert.equal(code, 'PEER');
  assert.match(
    message,
    /to "show interfaces status" it says "% Invalid input: show interfaces status"/,
  );
});

test('a switch of which nothing can be read is UNKNOWN, not fine', async (t) => {
  const output = await run(t, {
    answers: { 'show interfaces status': '', 'show version': 'x\r\n' },
  });
  assert.match(output, /\n3 "Switch software" - no version is told\n/);
});

test('in the process that a source gives an agent there is room for the thread of its patterns', async (t) => {
  const peer = new TelnetSwitch({ answers });
  const port = await peer.start();
  t.after(() => peer.end());
  const home = await makeTempDir(t);
  writeFileSync(join(home, 'password'), 'right-horse\n', { mode: 0o600 });
  writeFileSync(join(home, 'web01'), '<<<check_mk>>>\nVersion: 2.4.0\n');
  const agent = ['--with=agent:switch_cli', '--username=admin', `--port=${port}`];
  const args = ['fetch', '--host=web01', '--address=127.0.0.1', join(home, 'web01'), ...agent];
  const password = `--password-file=${join(home, 'password')}`;
  const { code, stdout, stderr } = await start(process.execPath, ['src/bin.ts', ...args, password])
    .ended;
  assert.equal(code, 0, stderr);
  assert.match(
    stdout.toString(),
    /^<<<check_mk>>>\nVersion: 2\.4\.0\n<<<>>>\n<<<local:sep\(0\)>>>\n0 "Port Gi1\/0\/1" /,
  );
});
