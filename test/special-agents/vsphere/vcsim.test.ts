/** Against govmomi's simulator, where Go is there to build it. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildVcsim, login, Vcsim } from '../../peers/vcsim.ts';
import { linesOf, prepareAsking } from './asking.ts';

const built = buildVcsim();
const skip = 'missing' in built ? built.missing : false;
const path = 'path' in built ? built.path : '';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

async function start(t: TestContext, ...args: readonly string[]) {
  const simulator = await Vcsim.start(t, path, ...args);
  const options = { port: [String(simulator.port)], noCertCheck: ['true'] };
  return { simulator, asking: await prepareAsking(t, { ...login, options }) };
}

function namesOf(output: string): readonly string[] {
  return [...new Set([...output.matchAll(/^<<<(\w+)/gm)].map(([, name]) => name ?? ''))];
}

const usual = [
  'esx_systeminfo',
  'esx_vsphere_licenses',
  'esx_vsphere_datastores',
  'esx_vsphere_counters',
  'esx_vsphere_hostsystem',
  'esx_vsphere_sensors',
  'esx_vsphere_vm',
  'esx_vsphere_virtual_machines',
  'esx_vsphere_snapshots_summary',
  'esx_vsphere_clusters',
  'esx_vsphere_objects',
  'systemtime',
  'cmk_courier_agent',
  'local',
];

test('a vCenter: every section, every host and machine', { skip }, async (t) => {
  const { asking } = await start(t);
  const output = await asking.ask();
  assert.deepEqual(namesOf(output), usual);
  assert.match(output, /"faults":0/);
  const hosts = ['DC0_H0', 'DC0_C0_H0', 'DC0_C0_H1', 'DC0_C0_H2'];
  assert.deepEqual(
    [...output.matchAll(/^<<<<(.+)>>>>\n<<<esx_vsphere_hostsystem>/gm)]
      .map(([, name]) => name)
      .toSorted(),
    hosts.toSorted(),
  );
  const machines = linesOf(output, 'esx_vsphere_virtual_machines').map((line) => JSON.parse(line));
  assert.deepEqual(
    machines.map(({ vm_name, powerstate }) => [vm_name, powerstate]),
    ['DC0_H0_VM0', 'DC0_H0_VM1', 'DC0_C0_RP0_VM0', 'DC0_C0_RP0_VM1'].map((name) => [
      name,
      'poweredOn',
    ]),
  );
  assert.ok(machines.every(({ hostsystem }) => hosts.includes(hostsystem)));
  assert.equal(linesOf(output, 'esx_vsphere_objects').length, 8);
  const clusters = linesOf(output, 'esx_vsphere_clusters');
  assert.deepEqual(
    clusters.map((line) => line.split('\t').slice(1).toSorted()),
    [
      ['DC0_C0', 'DC0_C0_H0', 'DC0_C0_H1', 'DC0_C0_H2', 'hostsystems'],
      ['DC0_C0', 'DC0_C0_RP0_VM0', 'DC0_C0_RP0_VM1', 'vms'],
    ],
  );
  const counters = linesOf(output, 'esx_vsphere_counters');
  assert.ok(
    counters.some((line) => /^net\.bytesRx\|vmnic0\|\d+#\d+#\d+\|kiloBytesPerSecond$/.test(line)),
  );
  assert.ok(counters.every((line) => line.split('|').length === 4));
});

test('an ESXi host that is asked itself', { skip }, async (t) => {
  const { asking } = await start(t, '-esx');
  const output = await asking.ask({ direct: ['true'], hostname: ['esx1'] });
  const missing = ['esx_vsphere_snapshots_summary', 'esx_vsphere_clusters'];
  assert.deepEqual(
    namesOf(output),
    usual.filter((name) => !missing.includes(name)),
  );
  assert.match(output, /^hostsystem\tesx1\t\tpoweredOn$/m);
  assert.match(output, /^net\.state\|vmnic0\|/m);
  assert.match(output, /"faults":0/);
});

test('a password that is wrong is refused in words', { skip }, async (t) => {
  const { simulator, asking } = await start(t);
  await writeFile(join(asking.directory, 'secret'), 'wrong', { mode: 0o600 });
  await assert.rejects(asking.ask(), {
    code: 'REFUSED',
    message: `https://127.0.0.1:${simulator.port}/sdk: login of "monitor": user or password is wrong`,
  });
});

test('a session is used again, and begun anew when it is lost in the middle', {
  skip,
}, async (t) => {
  const { simulator, asking } = await start(t);
  const objects = async () => linesOf(await asking.ask(), 'esx_vsphere_objects').toSorted();
  const first = await objects();
  await simulator.fail('QueryPerfCounter', 'NotAuthenticated', { count: 1 });
  const second = await asking.ask();
  assert.match(second, /"faults":0/);
  assert.ok(namesOf(second).includes('esx_vsphere_counters'));
  await simulator.fail('Login', 'Generic');
  assert.deepEqual(await objects(), first);
});

test('a part without permission costs its own sections only', { skip }, async (t) => {
  const { simulator, asking } = await start(t);
  await simulator.fail('QueryPerf', 'NoPermission');
  const output = await asking.ask();
  assert.deepEqual(
    namesOf(output),
    usual.filter((name) => name !== 'esx_vsphere_counters'),
  );
  assert.match(output, /"section":"esx_vsphere_counters","code":"REFUSED"/);
});

test('pages: every machine once, also when the session is lost between two', {
  skip,
}, async (t) => {
  const count = isLong ? 300 : 120;
  const { simulator, asking } = await start(t, '-standalone-host=0', `-vm=${count}`, '-on=false');
  const options = { modules: ['virtualmachine'] };
  for (const isLost of [false, true]) {
    if (isLost)
      await simulator.fail('ContinueRetrievePropertiesEx', 'NotAuthenticated', { count: 1 });
    const names = linesOf(await asking.ask(options), 'esx_vsphere_virtual_machines').map(
      (line) => JSON.parse(line).vm_name,
    );
    assert.equal(new Set(names).size, count);
    assert.equal(names.length, count);
  }
});

test('a server that is slow at one thing costs that alone', { skip }, async (t) => {
  const { asking } = await start(t, '-delay-method=QueryPerf', '-delay-ms=3000');
  const output = await asking.ask({ timeout: ['1s'] });
  assert.match(output, /"section":"esx_vsphere_counters","code":"TIMEOUT"/);
  assert.ok(namesOf(output).includes('esx_vsphere_vm'));
});
