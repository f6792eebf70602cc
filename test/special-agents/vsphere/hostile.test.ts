/** A server, or whoever speaks in its place, that means harm: each time a fault of the part alone. */

import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Room } from '../../../src/special-agents/vsphere/retrieve.ts';
import { oddVcenter } from '../../peers/vsphere/odd-inventory.ts';
import { type FakeAnswer, type FakeCall, fault, result } from '../../peers/vsphere/soap-server.ts';
import { linesOf, startFake } from './asking.ts';

function isAboutMachines({ method, parameters }: FakeCall): boolean {
  const spec = parameters.children.find(({ name }) => name === 'specSet');
  const type = spec?.children[0]?.children[0]?.text;
  return method.startsWith('Continue') || type === 'VirtualMachine';
}

/** Sections that hold machines. */
const ofMachines = /^<<<esx_vsphere_(vm|virtual_machines|snapshots_summary|objects|clusters)\b/m;

function page(call: FakeCall, token: number, id: string): FakeAnswer {
  const object = `<objects><obj type="VirtualMachine">${id}</obj></objects>`;
  return result(call, `<returnval><token>${token}</token>${object}</returnval>`);
}

const large = 'x'.repeat(9_000_000);

type Make = (good: string, call: FakeCall) => Omit<FakeAnswer, 'status'> & { status?: number };

for (const [what, make, told] of [
  [
    'gzip that nobody asked for',
    (good) => ({ body: gzipSync(good), headers: { 'content-encoding': 'gzip' } }),
    /^PEER .*content encoding "gzip"/,
  ],
  [
    'UTF-16',
    (good) => ({ body: Buffer.from(`\ufeff${good}`, 'utf16le') }),
    /^MALFORMED .*not UTF-8/,
  ],
  ['bytes of Latin-1', (good) => ({ body: Buffer.from(good, 'latin1') }), /^MALFORMED .*not UTF-8/],
  [
    'Latin-1 that is UTF-8 by chance',
    (good) => ({ body: good.replace('"UTF-8"', '"ISO-8859-1"') }),
    /^MALFORMED .*the encoding ISO-8859-1, not UTF-8/,
  ],
  ['NUL', (good) => ({ body: good.replace('</val>', '\0</val>') }), /^MALFORMED .*disallowed/],
  [
    'NUL, escaped',
    (good) => ({ body: good.replace('</val>', '&#0;</val>') }),
    /^MALFORMED .*entity/,
  ],
  ['no end of elements', () => ({ body: '<a>'.repeat(100_000) }), /^MALFORMED .*60 deep/],
  [
    'no end of attributes',
    () => ({ body: `<a ${Array.from({ length: 20_000 }, (_, n) => `b${n}=""`).join(' ')}/>` }),
    /^MALFORMED .*1000 attributes/,
  ],
  ['a long attribute', () => ({ body: `<a b="${large}"/>` }), /^MALFORMED .*8388608 characters/],
  ['a long comment', () => ({ body: `<!--${large}-->` }), /^MALFORMED .*8388608 characters/],
  [
    'a redirect',
    () => ({ status: 307, body: '', headers: { location: 'https://evil.example/sdk' } }),
    /^PEER .*307 .*it leads to "https:\/\/evil\.example\/sdk" and is not followed/,
  ],
  ['a fault with status 200', () => ({ ...fault('NoPermission', 'no'), status: 200 }), /^REFUSED /],
  ['a result with status 500', (good) => ({ status: 500, body: good }), /^PEER .*500/],
  [
    'a cut',
    (good) => ({ body: good, cutAt: 700 }),
    /^UNREACHABLE .*connection lost after 700 bytes/,
  ],
  ['two documents', (good) => ({ body: good + good }), /^MALFORMED /],
  [
    'the answer to another call',
    () => result({ method: 'CurrentTime' }, '<returnval>2026-11-28T09:00:00Z</returnval>'),
    /^PEER .*the answer to RetrievePropertiesEx is "<CurrentTimeResponse>"/,
  ],
  [
    'objects without a name',
    (_, call) => result(call, '<returnval><objects/></returnval>'),
    /^PEER the server names no object/,
  ],
  ['one page for ever', (_, call) => page(call, 7, 'vm-1'), /^PEER .*nothing new/],
] as const satisfies readonly (readonly [string, Make, RegExp])[]) {
  test(`in place of the machines: ${what}`, async (t) => {
    const { fake, asking } = await startFake(t, oddVcenter);
    fake.interfere = (call) => {
      if (!isAboutMachines(call)) return 'pass';
      const made: ReturnType<Make> = make(String(fake.answer(call).body), call);
      return { status: 200, ...made };
    };
    const output = await asking.ask();
    const faults = linesOf(output, 'cmk_courier_agent')
      .slice(1)
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      faults.map(({ section }) => section),
      ['esx_vsphere_vm'],
    );
    assert.match(`${faults[0].code} ${faults[0].message}`, told);
    assert.doesNotMatch(output, ofMachines);
    assert.match(output, /^<<<esx_vsphere_hostsystem>>>$/m);
  });
}

test('a mark of byte order is no fault', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  fake.interfere = (call) => ({ ...fake.answer(call), body: `\ufeff${fake.answer(call).body}` });
  assert.match(await asking.ask({ modules: ['datastore'] }), /"faults":0/);
});

test('room ends', () => {
  const room = new Room();
  room.take(Array.from({ length: 11 }, () => large));
  assert.throws(() => room.take([large]), { code: 'TOO_LARGE' });
});

const skip = process.env['COURIER_TEST_LONG'] === undefined && 'some hundred megabytes are sent';

test('machines without end are too many, and nothing else is', { skip }, async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  const machine = (number: number, call: FakeCall) =>
    `<objects><obj type="VirtualMachine">${call.number}-${number}</obj><propSet><name>name</name><val>${large.slice(0, 1e6)}</val></propSet></objects>`;
  fake.interfere = (call) => {
    if (!isAboutMachines(call)) return 'pass';
    const machines = Array.from({ length: 20 }, (_, number) => machine(number, call));
    return result(call, `<returnval><token>1</token>${machines.join('')}</returnval>`);
  };
  const output = await asking.ask();
  assert.match(output, /"section":"esx_vsphere_vm","code":"TOO_LARGE"/);
  assert.match(output, /"faults":1/);
});

for (const [set, session] of [
  ['lb="1"; Expires=Wed, 09 Jun 2027 10:00:00 GMT, vmware_soap_session="s1"; Path=/', '"s1"'],
  ['vmware_soap_session=s2; Secure; HttpOnly', 's2'],
  ['other=s3', undefined],
] as const) {
  test(`the session among cookies: ${set}`, async (t) => {
    const { fake, asking } = await startFake(t, oddVcenter);
    fake.interfere = (call) =>
      call.method === 'Login' ? { ...result(call, ''), headers: { 'set-cookie': set } } : 'pass';
    await assert.rejects(asking.ask(), { message: /forgets its session at once/ });
    const sent = session === undefined ? 'other=s3' : `vmware_soap_session=${session}`;
    assert.equal(fake.calls.at(-1)?.cookie, sent);
  });
}

for (const set of ['x', 'a=\xe9', 'a="', 'a=b\\c', `a=${'y'.repeat(5000)}`]) {
  test(`a cookie that is none is not sent back: ${set.slice(0, 10)}`, async (t) => {
    const { fake, asking } = await startFake(t, oddVcenter);
    fake.interfere = (call) =>
      call.method === 'Login' ? { ...result(call, ''), headers: { 'set-cookie': set } } : 'pass';
    await assert.rejects(asking.ask(), { code: 'PEER', message: /gave no session/ });
  });
}

test('what is kept and has been tampered with is as if it had never been', async (t) => {
  const { asking } = await startFake(t, oddVcenter);
  await asking.ask();
  const kept = join(asking.directory, 'kept/vsphere');
  const atMs = asking.clock.now();
  for (const state of [
    { cookie: 'a=b\r\nx-injected: 1', atMs },
    { cookie: 'a=\u2028', atMs },
    { cookie: 'a=b', atMs: 1e300, askedMs: -1e300 },
    { askedMs: 1e300 },
    null,
  ]) {
    for (const name of await readdir(kept))
      await writeFile(join(kept, name), JSON.stringify(state));
    assert.match(await asking.ask(), /"faults":0/);
  }
});

test('two runs at once are both whole', async (t) => {
  const { asking } = await startFake(t, oddVcenter);
  const outputs = await Promise.all([asking.ask(), asking.ask()]);
  for (const output of outputs) assert.match(output, /"faults":0/);
});

test('what belongs together is left out together', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  fake.interfere = ({ parameters }) => {
    const spec = parameters.children.find(({ name }) => name === 'specSet');
    const isMeant = spec?.children[0]?.children[0]?.text === 'Datastore';
    return isMeant ? fault('NoPermission', 'no') : 'pass';
  };
  const output = await asking.ask();
  assert.doesNotMatch(output, /^config\.datastoreUrl /m);
  assert.deepEqual(
    linesOf(output, 'esx_vsphere_counters').filter((line) => line.startsWith('datastore.')),
    [],
  );
});
