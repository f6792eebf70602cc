import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { list, parts } from '../../peers/vsphere/inventory.ts';
import { oddEsxHost, oddVcenter } from '../../peers/vsphere/odd-inventory.ts';
import { linesOf, startFake } from './asking.ts';

async function expected(name: string): Promise<string> {
  return readFile(new URL(`../../fixtures/vsphere/${name}.txt`, import.meta.url), 'utf8');
}

test('a vCenter: all sections whole', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  assert.equal(await asking.ask(), await expected('vcenter'));
  assert.deepEqual(fake.complaints, []);
  assert.match(asking.log.lines.join('\n'), /warn a machine has no host .*homeless/);
});

test('an ESXi host that is asked itself: its sections are its own', async (t) => {
  const { fake, asking } = await startFake(t, oddEsxHost);
  const options = { direct: ['true'], hostname: ['esx1'], snapshotsOnHost: ['true'] };
  const output = await asking.ask({ ...options, hostPwrDisplay: ['esxhost'] });
  assert.equal(output, await expected('esx-host'));
  assert.deepEqual(fake.complaints, []);
});

test('a standalone host: as a vCenter, its host piggybacked', async (t) => {
  const { asking } = await startFake(t, oddEsxHost);
  const output = await asking.ask();
  assert.match(output, /<<<<esx_1\.example\.com>>>>\n<<<esx_vsphere_hostsystem>>>\n/);
});

test('network cards come from the configuration where the network system is silent', async (t) => {
  const objects = oddEsxHost.objects.flatMap((object) => {
    if (object.type === 'HostNetworkSystem') return [];
    if (object.type !== 'HostSystem') return [object];
    const card = parts({ device: 'vmnic9', mac: '00:11' });
    const properties = { ...object.properties, 'config.network.pnic': list('PhysicalNic', [card]) };
    return [{ ...object, properties }];
  });
  const { asking } = await startFake(t, { ...oddEsxHost, objects });
  const output = await asking.ask({ direct: ['true'] });
  assert.deepEqual(
    linesOf(output, 'esx_vsphere_counters').filter((line) => line.startsWith('net.')),
    [
      'net.bytesRx|vmnic0|1#-1#3|kiloBytesPerSecond',
      'net.macaddress|vmnic9|00:11|mac',
      'net.state|vmnic9|2|state',
    ],
  );
});

for (const [modules, sections] of [
  ['hostsystem', ['esx_vsphere_hostsystem', 'esx_vsphere_sensors']],
  [
    'virtualmachine',
    ['esx_vsphere_snapshots_summary', 'esx_vsphere_virtual_machines', 'esx_vsphere_vm'],
  ],
  ['datastore', ['esx_vsphere_datastores']],
  ['counters', ['esx_vsphere_counters']],
  ['licenses', ['esx_vsphere_licenses']],
] as const) {
  test(`--modules=${modules} asks for that alone`, async (t) => {
    const { asking } = await startFake(t, oddVcenter);
    const output = await asking.ask({ modules: [modules] });
    const always = [
      'esx_systeminfo',
      'esx_vsphere_clusters',
      'systemtime',
      'cmk_courier_agent',
      'local',
    ];
    const objects = ['hostsystem', 'virtualmachine'].includes(modules)
      ? ['esx_vsphere_objects']
      : [];
    const headers = [...output.matchAll(/^<<<(\w+)/gm)].map(([, name]) => name ?? '');
    assert.deepEqual([...new Set(headers)].sort(), [...always, ...objects, ...sections].sort());
  });
}

const named = { vmPiggyname: ['hostname'], spaces: ['cut'] };

for (const [what, options, piggybacked] of [
  ['alias and underscores', {}, ['web_01', 'placeholder', 'gr__e____', 'homeless', 'template-1']],
  [
    'the name of the guest',
    named,
    ['web01.example.com', 'placeholder', 'gr__e', 'homeless', 'template-1'],
  ],
  [
    'no placeholders',
    { skipPlaceholderVm: ['true'] },
    ['web_01', 'gr__e____', 'homeless', 'template-1'],
  ],
  [
    'hosts that may be spoken for',
    { piggybackHosts: ['web*', 'homeless'] },
    ['web_01', 'homeless'],
  ],
] as const) {
  test(`machines as hosts: ${what}`, async (t) => {
    const { asking } = await startFake(t, oddVcenter);
    const output = await asking.ask(options);
    const found = [...output.matchAll(/^<<<<(.+)>>>>\n<<<esx_vsphere_vm>/gm)].map(
      ([, name]) => name ?? '',
    );
    assert.deepEqual(
      found.filter((name) => !name.startsWith('evil')).sort(),
      [...piggybacked].sort(),
    );
  });
}

test('power states are shown where they are wanted', async (t) => {
  const { asking } = await startFake(t, oddVcenter);
  const shown = async (options: Readonly<Record<string, readonly string[]>>) => {
    const output = await asking.ask(options);
    const blocks = output.matchAll(
      /(?:<<<<(.+)>>>>\n)?<<<esx_vsphere_objects:sep\(9\)>>>\n((?:[^<].*\n)+)/g,
    );
    return [...blocks].map(
      ([, host = '', lines = '']) => `${host}: ${lines.split('\n').length - 1}`,
    );
  };
  assert.deepEqual(await shown({}), [': 6', ': 2']);
  assert.deepEqual(await shown({ vmPwrDisplay: ['esxhost'] }), [
    ': 6',
    'esx_1.example.com: 5',
    ': 2',
  ]);
  assert.deepEqual(await shown({ hostPwrDisplay: ['esxhost'] }), [
    ': 6',
    ': 2',
    'esx_1.example.com: 1',
    'esx2: 1',
  ]);
  assert.deepEqual((await shown({ vmPwrDisplay: ['vm'] })).length, 8);
  assert.deepEqual((await shown({ hostPwrDisplay: ['vm'] })).length, 6);
});

test('the summary of snapshots names machines whole where that is wanted', async (t) => {
  const { asking } = await startFake(t, oddVcenter);
  const names = async (options: Readonly<Record<string, readonly string[]>>) =>
    linesOf(await asking.ask(options), 'esx_vsphere_snapshots_summary').map(
      (line) => JSON.parse(line).vm,
    );
  assert.deepEqual(await names({}), ['web', 'web']);
  assert.deepEqual(await names({ snapshotNames: ['whole'] }), ['web 01', 'web 01']);
});
