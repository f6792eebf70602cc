import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import type { FoundAddress } from '../../src/lookup/found.ts';
import { Lookup } from '../../src/lookup/lookup.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startNameServer, type Zone } from './name-server.ts';

const timeout = 60_000;
const patient = () => new AbortController().signal;

interface Files {
  readonly hosts?: string;
  readonly resolvConf?: string;
}

/** A look-up with a name server, files and a system of its own. */
async function makeLookup(t: TestContext, zone: Zone, { hosts = '', resolvConf = '' }: Files = {}) {
  const directory = await makeTempDir(t);
  const [hostsPath, resolvConfPath] = [join(directory, 'hosts'), join(directory, 'resolv.conf')];
  writeFileSync(hostsPath, hosts);
  writeFileSync(resolvConfPath, resolvConf);
  const { server, asked } = await startNameServer(t, zone);
  const clock = new FakeClock();
  const system: string[] = [];
  const lookup = new Lookup({
    clock,
    hostsPath,
    resolvConfPath,
    servers: [server],
    patience: { timeout: 300, tries: 1 },
    askSystem: async (name) => {
      system.push(name);
      throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    },
  });
  const find = async (name: string, family: 0 | 4 | 6 = 0, signal = patient()) =>
    (await lookup.find(name, family, signal)).map(({ address }: FoundAddress) => address);
  return { clock, asked, system, hostsPath, find };
}

test('an address is its own answer, and nobody is asked', { timeout }, async (t) => {
  const { asked, find } = await makeLookup(t, {});
  assert.deepEqual(await find('192.0.2.1'), ['192.0.2.1']);
  assert.deepEqual(await find('2001:db8::1'), ['2001:db8::1']);
  assert.deepEqual(asked, []);
});

test('/etc/hosts goes before DNS, whatever the case, and is read again when it changes', {
  timeout,
}, async (t) => {
  const { clock, asked, hostsPath, find } = await makeLookup(
    t,
    {},
    {
      hosts: '# ours\n192.0.2.1\tweb01.example Web01 # first\n2001:db8::1 web01\nnonsense web02\n',
    },
  );
  assert.deepEqual(await find('WEB01'), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(await find('web01', 6), ['2001:db8::1']);
  assert.deepEqual(await find('web01.example', 4), ['192.0.2.1']);
  writeFileSync(hostsPath, '198.51.100.22 web01.example\n');
  clock.advance(60_000);
  assert.deepEqual(await find('web01.example', 4), ['198.51.100.22']);
  assert.deepEqual(asked, []);
});

test('names that are asked for at once are all looked for in /etc/hosts first', {
  timeout,
}, async (t) => {
  const names = Array.from({ length: 20 }, (_, n) => `web${n}.example`);
  const hosts = names.map((name, n) => `192.0.2.${n} ${name}\n`).join('');
  const { asked, find } = await makeLookup(t, {}, { hosts });
  const found = await Promise.all(names.map((name) => find(name, 4)));
  assert.deepEqual(
    found,
    names.map((_, n) => [`192.0.2.${n}`]),
  );
  assert.deepEqual(asked, []);
});

test('a name has the addresses of both families, or of the one that is asked for', {
  timeout,
}, async (t) => {
  const { find } = await makeLookup(t, {
    'both.example': ['192.0.2.1', '2001:db8::1'],
    'four.example': ['192.0.2.4', '192.0.2.5'],
    'six.example': ['2001:db8::6'],
  });
  assert.deepEqual(new Set(await find('both.example')), new Set(['192.0.2.1', '2001:db8::1']));
  assert.deepEqual(await find('both.example', 6), ['2001:db8::1']);
  assert.deepEqual(await find('four.example'), ['192.0.2.4', '192.0.2.5']);
  assert.deepEqual(await find('six.example'), ['2001:db8::6']);
});

test('a short name is searched for in the domains of resolv.conf', { timeout }, async (t) => {
  const { asked, find } = await makeLookup(
    t,
    { 'web01.two.example': ['192.0.2.1'] },
    { resolvConf: 'search one.example two.example\noptions edns0 ndots:2\n' },
  );
  assert.deepEqual(await find('web01', 4), ['192.0.2.1']);
  assert.deepEqual(asked, ['A web01.one.example', 'A web01.two.example']);
  assert.deepEqual(await find('web01.two', 4).catch(() => 'none'), 'none');
  assert.deepEqual(await find('web01.two.example.', 4), ['192.0.2.1']);
});

test('what DNS does not know is left to the system, whose word is the last', {
  timeout,
}, async (t) => {
  const { system, find } = await makeLookup(t, {});
  await expectFault(
    find('nowhere.example'),
    'UNREACHABLE',
    /^looking up nowhere\.example: no such name in DNS$/,
  );
  assert.deepEqual(system, ['nowhere.example']);
});

test('a name nobody answers for is a fault of its own, and the system is not asked', {
  timeout,
}, async (t) => {
  const { system, find } = await makeLookup(t, { 'silent.example': 'silent' });
  await expectFault(
    find('silent.example'),
    'TIMEOUT',
    /^looking up silent\.example: no name server answers$/,
  );
  assert.deepEqual(system, []);
});

test('name servers that cannot tell are told apart', { timeout }, async (t) => {
  const { find } = await makeLookup(t, { 'ill.example': 'failing' });
  await expectFault(
    find('ill.example', 4),
    'UNREACHABLE',
    /^looking up ill\.example: the name servers cannot tell$/,
  );
});

test('an answer is kept for half a minute, silence for ten seconds, a refusal not at all', {
  timeout,
}, async (t) => {
  const { clock, asked, find } = await makeLookup(t, {
    'good.example': ['192.0.2.1'],
    'silent.example': 'silent',
  });
  const ask = async (name: string) => {
    const before = asked.length;
    await find(name, 4).catch(() => undefined);
    return asked.length > before;
  };
  assert.deepEqual([await ask('good.example'), await ask('good.example')], [true, false]);
  assert.deepEqual([await ask('silent.example'), await ask('silent.example')], [true, false]);
  assert.deepEqual([await ask('none.example'), await ask('none.example')], [true, true]);
  clock.advance(10_000);
  assert.deepEqual([await ask('good.example'), await ask('silent.example')], [false, true]);
  clock.advance(20_000);
  assert.equal(await ask('good.example'), true);
});

test('several that ask for one name at once share one question', { timeout }, async (t) => {
  const { asked, find } = await makeLookup(t, { 'good.example': ['192.0.2.1'] });
  const all = await Promise.all(Array.from({ length: 50 }, () => find('good.example', 4)));
  assert.ok(all.every(([address]) => address === '192.0.2.1'));
  assert.deepEqual(asked, ['A good.example']);
});

test('who gives up has its own reason, and the others go on', { timeout }, async (t) => {
  const { find } = await makeLookup(t, { 'silent.example': 'silent' });
  const ending = new AbortController();
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  const [given, other] = [find('silent.example', 4, ending.signal), find('silent.example', 4)];
  ending.abort(reason);
  await assert.rejects(given, reason);
  await expectFault(other, 'TIMEOUT');
});

test('a hundred silent names keep no other name waiting', { timeout }, async (t) => {
  const silent = Array.from({ length: 100 }, (_, n) => `silent${n}.example`);
  const zone = Object.fromEntries(silent.map((name) => [name, 'silent' as const]));
  const { find } = await makeLookup(t, { ...zone, 'good.example': ['192.0.2.1'] });
  let silences = 0;
  const lost = silent.map((name) =>
    find(name, 4).catch(() => {
      silences += 1;
    }),
  );
  assert.deepEqual(await find('good.example', 4), ['192.0.2.1']);
  assert.equal(silences, 0);
  await Promise.all(lost);
  assert.equal(silences, 100);
});
