import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { escapeXml } from '../../peers/vsphere/inventory.ts';
import { oddVcenter } from '../../peers/vsphere/odd-inventory.ts';
import { type FakeCall, fault, result } from '../../peers/vsphere/soap-server.ts';
import { linesOf, startFake } from './asking.ts';

/** Which type of object a call of the property collector is about. */
function typeIn({ parameters }: FakeCall): string {
  const spec = parameters.children.find(({ name }) => name === 'specSet');
  return spec?.children[0]?.children[0]?.text ?? '';
}

function faultsIn(output: string): readonly string[] {
  return linesOf(output, 'cmk_courier_agent')
    .map((line) => JSON.parse(line))
    .flatMap(({ section, code }) => (section === undefined ? [] : [`${section} ${code}`]));
}

for (const [what, isMeant, missing] of [
  ['licenses', (call) => typeIn(call) === 'LicenseManager', ['esx_vsphere_licenses']],
  ['counters', ({ method }) => method === 'QueryPerfCounter', ['esx_vsphere_counters']],
  ['one host of the counters', ({ method }) => method === 'QueryPerf', ['esx_vsphere_counters']],
  ['datastores', (call) => typeIn(call) === 'Datastore', ['esx_vsphere_datastores']],
  [
    'machines',
    (call) => typeIn(call) === 'VirtualMachine',
    [
      'esx_vsphere_vm',
      'esx_vsphere_virtual_machines',
      'esx_vsphere_snapshots_summary',
      'esx_vsphere_objects',
      'esx_vsphere_clusters',
    ],
  ],
  ['clusters', (call) => typeIn(call) === 'ClusterComputeResource', ['esx_vsphere_clusters']],
  ['the time', ({ method }) => method === 'CurrentTime', ['systemtime']],
] as const satisfies readonly (readonly [
  string,
  (call: FakeCall) => boolean,
  readonly string[],
])[]) {
  test(`${what} fail alone`, async (t) => {
    const { fake, asking } = await startFake(t, oddVcenter);
    fake.interfere = (call) =>
      isMeant(call)
        ? fault('NoPermission', 'Permission to perform this operation was denied.')
        : 'pass';
    const output = await asking.ask();
    const whole = await startFake(t, oddVcenter).then(({ asking }) => asking.ask());
    const names = (text: string) =>
      new Set([...text.matchAll(/^<<<(\w+)/gm)].map(([, name]) => name ?? ''));
    assert.deepEqual(
      [...names(whole)].filter((name) => !names(output).has(name)).sort(),
      [...missing].sort(),
    );
    assert.deepEqual(faultsIn(output), [`${missing[0]} REFUSED`]);
    assert.match(output, /^1 "Agent vsphere" .*NoPermission/m);
  });
}

for (const [what, answer, code, message] of [
  [
    'HTML with status 200',
    { status: 200, body: '<html><body><br></body></html>' },
    'MALFORMED',
    /not XML as expected/,
  ],
  ['another service', { status: 404, body: 'no' }, 'NO_OUTPUT', /404/],
  ['nothing', { status: 200, body: '' }, 'MALFORMED', /not XML/],
  ['a proxy that is down', { status: 503, body: '<h1>down</h1>' }, 'PEER', /503/],
  ['JSON', { status: 200, body: '{}' }, 'MALFORMED', /not XML/],
  ['XML that is no SOAP', { status: 200, body: '<a/>' }, 'PEER', /no SOAP envelope/],
  [
    'an entity bomb',
    { status: 200, body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
    'MALFORMED',
    /document type/,
  ],
  [
    'another server',
    result({ method: 'RetrieveServiceContent' }, '<returnval/>'),
    'PEER',
    /no vCenter or ESXi host answers there/,
  ],
  [
    'a fault',
    fault('SystemError', 'all is <lost>\n<<<df>>>'),
    'PEER',
    /"SystemError", saying "all is <lost> <<<df>>>"/,
  ],
] as const) {
  test(`in place of a server: ${what}`, async (t) => {
    const { fake, asking } = await startFake(t, oddVcenter);
    fake.interfere = () => answer;
    await assert.rejects(asking.ask(), { code, message });
  });
}

test('a server that shows no hosts to the user is told', async (t) => {
  const objects = oddVcenter.objects.filter(({ type }) => type !== 'HostSystem');
  const { asking } = await startFake(t, { ...oddVcenter, objects });
  const output = await asking.ask();
  assert.match(
    output,
    /"section":"esx_vsphere_hostsystem","code":"NO_OUTPUT","message":"monitor@vsphere\.local: the server shows no host to this user/,
  );
});

test('a server that hangs in the middle is left at the deadline', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  fake.interfere = async (call) => {
    if (typeIn(call) === 'VirtualMachine') await sleep(20_000, undefined, { ref: false });
    return 'pass' as const;
  };
  const output = await asking.ask({ timeout: ['300ms'] });
  assert.deepEqual(faultsIn(output), ['esx_vsphere_vm TIMEOUT']);
  const { signal } = new AbortController();
  await assert.rejects(asking.ask({}, AbortSignal.any([signal, AbortSignal.timeout(300)])));
});

test('an answer that is cut costs its own sections only', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  fake.interfere = (call) =>
    typeIn(call) === 'VirtualMachine'
      ? { status: 200, body: fake.answer(call).body.slice(0, 600) }
      : 'pass';
  assert.deepEqual(faultsIn(await asking.ask()), ['esx_vsphere_vm MALFORMED']);
});

test('a server without pages sends more than memory would hold, and is read', async (t) => {
  const machine = oddVcenter.objects.find(({ id }) => id === 'vm-5');
  assert.ok(machine);
  const ids = Array.from({ length: 2500 }, (_, number) => `vm-many-${number}`);
  const many = ids.map((id) => ({ ...machine, id }));
  const folder = { type: 'Folder', id: 'machines', leads: { childEntity: ids }, properties: {} };
  const objects = [...oddVcenter.objects.filter(({ id }) => id !== 'machines'), folder, ...many];
  for (const pages of [true, false]) {
    const { fake, asking } = await startFake(t, { ...oddVcenter, objects, pages });
    const output = await asking.ask({ modules: ['virtualmachine'] });
    assert.equal(linesOf(output, 'esx_vsphere_virtual_machines').length, 2501);
    const continued = fake.calls.filter(({ method }) => method === 'ContinueRetrievePropertiesEx');
    assert.equal(continued.length, pages ? 25 : 0);
  }
});

const evil = 'x\r\n<<<<web01>>>>\n<<<local>>>\n0 Evil - \u2028fake|1;2\t3@@4';

test('no text of a server writes another section, another host or another row', async (t) => {
  const objects = oddVcenter.objects.map((object) => {
    const properties = Object.entries(object.properties).map(([path, value]) => {
      const isText = value.refers === undefined && !value.xml.includes('<');
      const xml = isText
        ? escapeXml(evil)
        : value.xml.replaceAll(/>[^<>]+</g, `>${escapeXml(evil)}<`);
      return [path, value.refers === undefined ? { ...value, xml } : value] as const;
    });
    return { ...object, properties: Object.fromEntries(properties) };
  });
  const content = `<rootFolder type="Folder">root</rootFolder><propertyCollector type="PropertyCollector">collector</propertyCollector><about><name>${escapeXml(evil)}</name></about><sessionManager type="SessionManager">sessions</sessionManager><perfManager type="PerformanceManager">counters</perfManager><licenseManager type="LicenseManager">licences</licenseManager>`;
  const { asking } = await startFake(t, { ...oddVcenter, objects, about: content });
  const output = await asking.ask({ vmPwrDisplay: ['vm'], hostPwrDisplay: ['esxhost'] });
  const known = await startFake(t, oddVcenter).then(({ asking }) =>
    asking.ask({ vmPwrDisplay: ['vm'] }),
  );
  const headers = (text: string) =>
    new Set([...text.matchAll(/^<<<[^<].*$/gm)].map(([line]) => line));
  assert.deepEqual(
    [...headers(output)].filter((line) => !headers(known).has(line)),
    [],
  );
  assert.ok(!/^<<<<web01>>>>/m.test(output));
  assert.deepEqual(linesOf(output, 'local').length, 1);
});

test('the password and the session are nowhere in output, log and faults', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  const said: string[] = [];
  for (const echo of [false, true]) {
    fake.interfere = ({ parameters, number, cookie }) =>
      echo && number % 3 === 2
        ? fault('Odd', `you sent ${inspect(parameters, { depth: 9 })} ${cookie}`)
        : 'pass';
    said.push(await asking.ask().catch((error: unknown) => inspect(error)));
    fake.endSessions();
  }
  const log = asking.log.lines.join('\n');
  assert.ok(said[0]?.includes('esx_vsphere_vm'));
  for (const secret of [oddVcenter.password, 'f'.repeat(32)]) {
    assert.ok(!said.join('\n').includes(secret));
    assert.ok(!log.includes(secret), log);
  }
});
