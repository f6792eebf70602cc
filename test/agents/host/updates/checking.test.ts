import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import {
  type HostStamp,
  type keyOf,
  reworded,
  sha256,
  signed,
  type Target,
  toSigningKey,
  trusted,
  writeTarget,
} from '../../../peers/update-documents.ts';
import { startUpdateServer, type UpdateServer } from '../../../peers/update-server.ts';
import { Host, inLong, isLong } from './host.ts';
import { makeRelease } from './packages.ts';

const release = makeRelease('1');

interface World {
  readonly host: Host;
  readonly server: UpdateServer;
}

/** A registered host that believes root 1 and runs nothing yet. */
async function makeWorld(t: TestContext): Promise<World> {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  await host.run(['status']);
  return { host, server };
}

/** Runs an update that has to be refused, with nothing installed and no floor lower than before. */
async function expectRefused({ host }: World, code: string, more: readonly string[] = []) {
  const before = host.floors();
  const { stderr, status } = await host.update(...more);
  assert.match(stderr, new RegExp(`^courier-update: ${code} .+\n$`));
  assert.notEqual(status, 0);
  assert.equal(host.read('current'), '');
  assert.match(host.read('section'), new RegExp(`"error":"${code} `));
  for (const floor of ['counter', 'serial', 'root-version']) {
    assert.ok(Number(host.floors()[floor] ?? 0) >= Number(before[floor] ?? 0), floor);
  }
}

async function expectInstalled({ host }: World, pack = release) {
  const { status, stderr } = await host.update();
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(host.read('current'), `${pack.hash}\n`);
}

const past = '20250101000000';
const future = '20980101000000';

/** What makes an offer one to refuse: a change of the world before the one check. */
type Spoil = (world: World) => void;

const changedTarget = (changes: Partial<Target>): Spoil => {
  return ({ host }) => host.offer(release, changes);
};

const changedStamp = (changes: Partial<HostStamp>): Spoil => {
  return ({ host, server }) => {
    host.offer(release);
    server.repository.changeStamp = () => changes;
  };
};

const signers = (
  role: 'releaseKeys' | 'stampKeys',
  ...keys: Parameters<typeof keyOf>[0][]
): Spoil => {
  return ({ host, server }) => {
    server.repository[role] = keys;
    host.offer(release);
  };
};

/** id, what is wrong, code, how; the ones that end with a star run every time. */
const refusals: readonly (readonly [name: string, code: string, spoil: Spoil])[] = [
  ['CL-1: a target that no key has signed is refused', 'E-FORMAT', signers('releaseKeys')],
  ['CL-1: a target of a stranger is refused *', 'E-SIGNATURE', signers('releaseKeys', 'stranger')],
  [
    'CL-1: a target of a key with another role is refused',
    'E-SIGNATURE',
    signers('releaseKeys', 'stamp-a'),
  ],
  ['CL-1: a stamp of a stranger is refused', 'E-SIGNATURE', signers('stampKeys', 'stranger')],
  [
    'CL-1: a stamp of a key for releases is refused',
    'E-SIGNATURE',
    signers('stampKeys', 'release-a'),
  ],
  [
    'CL-4: a target for another host is refused *',
    'E-AUDIENCE',
    changedTarget({ audience: 'host:web02' }),
  ],
  [
    'CL-4: a target for a group is refused',
    'E-AUDIENCE',
    changedTarget({ audience: `group:${'0'.repeat(64)}` }),
  ],
  [
    'CL-4: a target for another platform is refused',
    'E-PLATFORM',
    changedTarget({ platform: 'aix-tgz' }),
  ],
  [
    'CL-4: a stamp for another host is refused',
    'E-AUDIENCE',
    changedStamp({ audience: 'host:web02' }),
  ],
  ['CL-4: a valid target that the stamp does not name is refused *', 'E-DIGEST', nameAnother],
  [
    'CL-4: a target with another counter than the stamp says is refused',
    'E-DIGEST',
    sayAnotherCounter,
  ],
  [
    'CL-4: a target that needs a newer updater is refused',
    'E-UPDATER',
    changedTarget({ updaterMin: 3 }),
  ],
  [
    'CL-6: a target below the floor of the root is refused on a fresh host *',
    'E-FLOOR',
    raiseFloor,
  ],
  [
    'CL-7: a target that has expired is refused',
    'E-EXPIRED',
    changedTarget({ issued: '20240101000000', expires: past }),
  ],
  [
    'CL-7: a stamp with another nonce is refused once it has expired *',
    'E-STALE',
    changedStamp({ nonce: '0'.repeat(32), issued: '20240101000000', expires: past }),
  ],
  [
    'CL-7: a stamp without a nonce is refused once it has expired',
    'E-STALE',
    changedStamp({ nonce: undefined, issued: '20240101000000', expires: past }),
  ],
  [
    'CL-2: a root that somebody withholds stops installation',
    'E-ROOT',
    changedStamp({ rootVersion: 2 }),
  ],
  ['TR-5: a package of another size is refused', 'E-SIZE', spoilPackage('cut')],
  ['CL-4: a package with one bit changed is refused *', 'E-DIGEST', spoilPackage('flip')],
  ['CL-4: a target with one bit changed is refused', 'E-DIGEST', spoilTarget],
  ['CL-4: a stamp with one bit changed is refused', 'E-(SIGNATURE|FORMAT)', spoilStamp],
  [
    'CL-4: a package that is another release than its target says is refused',
    'E-DIGEST',
    sayAnotherHash,
  ],
];

for (const [name, code, spoil] of refusals) {
  const skip = !isLong && !name.endsWith('*') && 'in the long run only';
  test(name.replace(' *', ''), { skip }, async (t) => {
    const world = await makeWorld(t);
    spoil(world);
    await expectRefused(world, code);
    if (!isLong) return;
    world.server.mend();
    world.server.repository.changeStamp = () => ({});
    if (code === 'E-FLOOR') world.server.repository.counter = 100;
    world.server.repository.releaseKeys = ['release-a'];
    world.server.repository.stampKeys = ['stamp-a'];
    world.host.offer(release);
    await expectInstalled(world);
  });
}

function nameAnother({ host, server }: World): void {
  host.offer(release);
  const { counter = 0 } = server.repository.offered.get('web01') ?? {};
  const other = server.repository.makeTarget('web01', release.bytes, { counter });
  const bytes = signed(writeTarget(other), ['release-a']);
  const named = server.repository.offered.get('web01')?.sha256 ?? '';
  server.repository.files.set(named, bytes);
}

function sayAnotherCounter({ host, server }: World): void {
  host.offer(release);
  const offered = server.repository.offered.get('web01');
  assert.ok(offered);
  server.repository.changeStamp = () => ({ target: { ...offered, counter: offered.counter + 1 } });
}

function sayAnotherHash({ host, server }: World): void {
  const made = server.repository.makeTarget('web01', release.bytes);
  assert.ok(made.package);
  host.offer(release, { package: { ...made.package, agentHash: '0123456789abcdef' } });
}

function raiseFloor({ host, server }: World): void {
  server.repository.addRoot({ servers: [server.url], floorCounter: 50 });
  host.offer(release);
}

function spoilPackage(kind: 'cut' | 'flip'): Spoil {
  return ({ host, server }) => {
    host.offer(release);
    server.fail('package', kind === 'cut' ? { kind, to: 1000 } : { kind });
  };
}

function spoilTarget({ host, server }: World): void {
  host.offer(release);
  server.fail('target', { kind: 'flip' });
}

function spoilStamp({ host, server }: World): void {
  host.offer(release);
  server.fail('check', { kind: 'flip', at: 40 });
}

test('CL-1: as many distinct keys as the root says have to sign', async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  repository.addRoot({
    servers: [url],
    thresholds: { root: 1, release: 2, stamp: 1 },
    keys: [
      trusted('root-a', 'root'),
      trusted('release-a', 'release'),
      trusted('release-b', 'release'),
      trusted('stamp-a', 'stamp'),
    ],
  });
  for (const keys of [
    ['release-a'],
    ['release-a', 'release-a'],
    ['release-a', 'stranger'],
  ] as const) {
    repository.releaseKeys = keys;
    world.host.offer(release);
    await expectRefused(world, 'E-SIGNATURE');
  }
  repository.releaseKeys = ['stranger', 'release-b', 'release-a'];
  world.host.offer(release);
  await expectInstalled(world);
});

test('CL-2: a root has to be signed by the old keys and by its own', async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  const keys = [
    trusted('root-b', 'root'),
    trusted('release-a', 'release'),
    trusted('stamp-a', 'stamp'),
  ];
  for (const signer of isLong ? (['root-a', 'root-b'] as const) : (['root-a'] as const)) {
    repository.roots.delete(2);
    repository.addRoot({ servers: [url], keys }, [signer]);
    await expectRefused(world, 'E-SIGNATURE');
    assert.equal(world.host.floors()['root-version'], '1');
  }
  repository.roots.delete(2);
  repository.addRoot({ servers: [url], keys }, ['root-a', 'root-b']);
  world.host.offer(release);
  await expectInstalled(world);
  assert.equal(world.host.floors()['root-version'], '2');
});

test('CL-2: a root that skips a version is refused', { skip: inLong }, async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  const third = repository.addRoot({ version: 3, servers: [url] });
  repository.roots.set(2, third);
  await expectRefused(world, 'E-ROOT');
  assert.equal(world.host.floors()['root-version'], '1');
});

test('CL-2: only the expiry of the last root counts', { skip: inLong }, async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  repository.addRoot({ servers: [url], issued: '20240101000000', expires: past });
  world.host.offer(release);
  await expectRefused(world, 'E-EXPIRED');
  repository.addRoot({ servers: [url] });
  await expectInstalled(world);
  assert.equal(world.host.floors()['root-version'], '3');
});

test('CL-3: a host with the first root reaches root 40', { skip: inLong }, async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  const last = isLong ? 40 : 4;
  for (let version = 2; version <= last; version += 1) {
    const [before, own] =
      version % 2 === 0 ? (['root-a', 'root-b'] as const) : (['root-b', 'root-a'] as const);
    const keys = [
      trusted(own, 'root'),
      trusted('release-a', 'release'),
      trusted('stamp-a', 'stamp'),
    ];
    repository.addRoot({ servers: [url], keys }, [before, own]);
  }
  world.host.offer(release);
  await expectInstalled(world);
  assert.equal(world.host.floors()['root-version'], String(last));
});

test('CL-2: one run walks 64 steps and no more', {
  skip: inLong,
}, async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  for (let version = 2; version <= 66; version += 1) repository.addRoot({ servers: [url] });
  await expectRefused(world, 'E-ROOT');
  assert.equal(world.host.floors()['root-version'], '65');
  world.host.offer(release);
  await expectInstalled(world);
});

test('TE-2: what an update does is seen in its exit, its state, its files and its requests', async (t) => {
  const world = await makeWorld(t);
  world.host.offer(release);
  await expectInstalled(world);
  const { counter, 'installed-hash': hash } = world.host.floors();
  assert.deepEqual([counter, hash], ['1', release.hash]);
  assert.deepEqual(world.server.kinds, ['root', 'check', 'target', 'package', 'root', 'report']);
});

test('CL-5: a lower counter is a step back, an equal one nothing to do, a higher one an update', async (t) => {
  const world = await makeWorld(t);
  const { repository } = world.server;
  repository.counter = 10;
  world.host.offer(release);
  await expectInstalled(world);
  const same = await world.host.update();
  assert.deepEqual(same, { status: 0, stdout: 'nothing to do\n', stderr: '' });
  const second = makeRelease('2');
  repository.counter = 4;
  world.host.offer(second);
  const lower = await world.host.update();
  assert.equal(
    lower.stderr,
    'courier-update: E-ROLLBACK target 5 is older than 11, which was here before\n',
  );
  assert.equal(world.host.read('current'), `${release.hash}\n`);
  repository.counter = 99_999_999_999_999;
  world.host.offer(second);
  await expectInstalled(world, second);
  assert.equal(world.host.floors()['counter'], '100000000000000');
});

test('CL-5: a stamp with a lower serial is a step back, one with the same is none', {
  skip: inLong,
}, async (t) => {
  const world = await makeWorld(t);
  world.server.repository.changeStamp = () => ({ serial: 900 });
  assert.equal((await world.host.update()).status, 0);
  assert.equal((await world.host.update()).status, 0);
  world.server.repository.changeStamp = () => ({ serial: 899 });
  world.host.offer(release);
  await expectRefused(world, 'E-ROLLBACK');
});

test('CL-7: an unexpired stamp with another nonce counts, by the clock or by what was seen of time', {
  skip: inLong,
}, async (t) => {
  const world = await makeWorld(t);
  const { repository } = world.server;
  repository.changeStamp = () => ({ nonce: undefined });
  world.host.offer(release);
  await expectInstalled(world);
  assert.equal(world.host.floors()['time'], '20260101000000');
  // The time of a stamp that answers this very request counts, whatever the clock says.
  repository.changeStamp = () => ({ issued: '20400101000000', expires: '20400103000000' });
  assert.equal((await world.host.update()).status, 0);
  assert.equal(world.host.floors()['time'], '20400101000000');
  repository.changeStamp = () => ({ nonce: undefined, expires: '20390101000000' });
  assert.match((await world.host.update()).stderr, /E-STALE/);
});

test('CL-7: a clock that is years behind or ahead stops no update', async (t) => {
  const world = await makeWorld(t);
  for (const [clock, pack] of [
    ['19700101000000', release],
    ['20700101000000', makeRelease('2')],
  ] as const) {
    if (!isLong && pack === release) continue;
    const tools = world.host.substitute('date', `echo ${clock}`);
    world.host.offer(pack);
    const { status, stderr } = await world.host.run(['update'], { PATH: tools });
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(world.host.read('current'), `${pack.hash}\n`);
  }
});

test('CL-8: counters that a stolen key has driven up count no more when the keys change', async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  repository.counter = 999_999_999_999_998;
  repository.changeStamp = () => ({
    serial: 999_999_999_999_999,
    issued: '20900101000000',
    expires: future,
  });
  world.host.offer(release, { expires: '20990101000000' });
  await expectInstalled(world);
  assert.equal(world.host.floors()['counter'], '999999999999999');
  repository.changeStamp = () => ({});
  repository.addRoot({
    servers: [url],
    floorCounter: 7,
    keys: [trusted('root-a', 'root'), trusted('release-b', 'release'), trusted('stamp-b', 'stamp')],
  });
  repository.stampKeys = ['stamp-b'];
  repository.releaseKeys = ['release-b'];
  repository.counter = 7;
  const second = makeRelease('2');
  world.host.offer(second);
  await expectInstalled(world, second);
  const { counter, serial, time = '' } = world.host.floors();
  assert.equal(counter, '8');
  assert.ok(Number(serial) < 100 && time < '20800101000000');
});

test('CR-1: roots with a key that is too weak, of another exponent or algorithm are refused', {
  skip: inLong,
}, async (t) => {
  const world = await makeWorld(t);
  const { repository, url } = world.server;
  const keys = [trusted(makeKey(1024), 'release'), trusted(makeKey(3072, 3), 'release')].map(
    (weak) => [
      trusted('root-a', 'root'),
      weak,
      trusted('release-a', 'release'),
      trusted('stamp-a', 'stamp'),
    ],
  );
  for (const some of keys) {
    repository.roots.delete(2);
    repository.addRoot({ servers: [url], keys: some });
    await expectRefused(world, 'E-KEY');
  }
  const unknown = reworded(payloadOf(repository.roots.get(1)), / rsa-pkcs1-sha256 /, ' ed25519 ');
  const next = reworded(unknown, 'version 1', 'version 2');
  repository.roots.set(2, signed(next, ['root-a']));
  await expectRefused(world, 'E-KEY');
  const wrongId = reworded(payloadOf(repository.roots.get(1)), /key [0-9a-f]{8}/, 'key 00000000');
  repository.roots.set(2, signed(reworded(wrongId, 'version 1', 'version 2'), ['root-a']));
  await expectRefused(world, 'E-KEY');
});

function makeKey(bits: number, exponent = 65_537) {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicExponent: exponent,
  });
  return toSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function payloadOf(document: Buffer | undefined): Buffer {
  assert.ok(document);
  return document.subarray(0, document.indexOf('-- signatures'));
}

test('CR-4: nothing is read of documents with foreign bytes, markers or an end that is none', async (t) => {
  const world = await makeWorld(t);
  world.host.offer(release);
  const spoils: readonly ((body: Buffer) => Buffer)[] = [
    (body) => Buffer.concat([body.subarray(0, 30), Buffer.from('\r'), body.subarray(30)]),
    (body) => Buffer.concat([body, Buffer.from('\0')]),
    (body) => Buffer.concat([Buffer.from('\ufeff'), body]),
    (body) => body.subarray(0, -1),
    (body) => Buffer.concat([body, Buffer.from('-- signatures\n')]),
    (body) => body.subarray(0, body.indexOf('-- signatures')),
    () => Buffer.from('\n'),
  ];
  for (const spoil of isLong ? spoils : spoils.slice(0, 2)) {
    world.server.fail('check', { kind: 'replace', with: spoil });
    await expectRefused(world, 'E-FORMAT');
  }
  const rewords = [/^serial.*\n/m, /$(?![\s\S])/].map(
    (what) => (payload: Buffer) => reworded(payload, what, 'more 1\n'),
  );
  for (const reword of rewords) {
    world.server.repository.rewordStamp = reword;
    await expectRefused(world, 'E-FORMAT');
  }
  assert.equal(sha256('').length, 64);
});
