import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { fetchFirst } from '../../src/fetching/chain.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { withTransport } from '../../src/transports/transport.ts';
import type { ConformancePeer } from '../conformance/peer.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import { attacks, enrollAll, host, output } from '../sealing/attacks.ts';
import { makeSealSite, type SealSite } from '../sealing/seal-site.ts';
import { rsaPair, type Sealing, seal } from '../sealing/sealing-kit.ts';
import { startPrograms } from '../transports/exec/conformance-peer.ts';
import { startDirectories, startFiles } from '../transports/file/conformance-peer.ts';
import { skipDirect, startPlain as startHttp } from '../transports/http/conformance-peer.ts';
import { startMaildir } from '../transports/maildir/conformance-peer.ts';
import { skipDaemon, startDaemon } from '../transports/rsync/conformance-peer.ts';
import { skipFiles, startFiles as startSftp } from '../transports/sftp/conformance-peer.ts';

interface Way {
  readonly start: () => Promise<ConformancePeer>;
  readonly skip?: string | false;
  /** A program a fetch: every third attack has to do, the long run tries all. */
  readonly isSlow?: true;
  /** What is made on this machine needs no seal. */
  readonly isOurs?: true;
}

const ways: Readonly<Record<string, Way>> = {
  file: { start: startFiles },
  http: { start: startHttp, skip: skipDirect },
  rsync: { start: startDaemon, skip: skipDaemon, isSlow: true },
  sftp: { start: startSftp, skip: skipFiles, isSlow: true },
  mail: { start: startMaildir },
  exec: { start: startPrograms, isOurs: true },
};

/** Asks the peer as `fetch` does. */
async function fetch(
  peer: ConformancePeer,
  site: SealSite,
  name: string,
  deliver: () => Promise<void> = async () => undefined,
) {
  const { said, ...context } = makeCommandContext();
  const address = peer.addressOf?.(name) ?? '127.0.0.1';
  const plan = {
    target: { host: parseHostName(name), address },
    steps: [{ source: peer.source, name: 'way', module: peer.module }],
    rules: { ...defaultRules, maxOutputBytes: 1_000_000 },
    deadlineMs: 20_000,
    timeoutMs: undefined,
    lend: withTransport,
  };
  const surroundings = { ...context, clock: systemClock, env: { ...site.env } };
  const delivered: Buffer[] = [];
  const fault = await fetchFirst(plan, surroundings, async (found) => {
    await deliver();
    delivered.push(found.output);
  }).catch((error: CourierError) => error);
  return { fault, delivered: Buffer.concat(delivered), log: context.log.lines, said };
}

async function start(way: Way, t: TestContext) {
  const site = await makeSealSite(t);
  await enrollAll(site);
  const peer = await way.start();
  t.after(() => peer.close());
  return { site, peer };
}

/** What has just been written is looked at twice; the time of a file proves nothing here. */
const settled = () => new Date(Date.now() - 10_000);

for (const [name, way] of Object.entries(ways)) {
  test(`through ${name} no attack on a seal gets anywhere, and what is right does`, {
    skip: way.skip ?? false,
    timeout: 120_000,
  }, async (t) => {
    const { site, peer } = await start(way, t);
    const first = seal({ host: 'web01', produced: new Date(), output, signer: host });
    await peer.offer('web01', first, settled());
    assert.deepEqual((await fetch(peer, site, 'web01')).delivered, output);
    const before = await site.readState();
    assert.deepEqual(Object.keys(before), ['web01.seal']);
    await peer.withdraw('web01');
    const step = way.isSlow && !process.env['COURIER_TEST_LONG'] ? 3 : 1;
    const tried = attacks.filter((_, index) => index % step === 0);
    for (const { what, code, says, make, name: asked = 'web01' } of tried) {
      if (way.isOurs && what.startsWith('a plain drop')) continue;
      await peer.offer(asked, make(new Date(), site), settled());
      const { fault, delivered } = await fetch(peer, site, asked);
      await peer.withdraw(asked);
      assert.equal(fault?.code, code, `${what}: ${fault?.message}`);
      assert.match(fault?.message ?? '', says, what);
      assert.equal(delivered.length, 0, what);
      assert.deepEqual(await site.readState(), before, what);
    }
  });
}

const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000);

function drop(ageS: number, changes: Partial<Sealing> = {}): Buffer {
  return seal({ host: 'web01', produced: secondsAgo(ageS), output, signer: host, ...changes });
}

for (const name of ['file', 'mail', 'exec'] as const) {
  test(`through ${name} an older drop put back is stale, the same one is not`, async (t) => {
    const { site, peer } = await start(ways[name] ?? { start: startFiles }, t);
    const [older, newer] = [drop(20), drop(10)];
    const ask = async (bytes: Buffer) => {
      await peer.withdraw('web01');
      await peer.offer('web01', bytes, settled());
      return fetch(peer, site, 'web01');
    };
    assert.deepEqual((await ask(newer)).delivered, output);
    const before = await site.readState();
    const { fault, delivered } = await ask(older);
    assert.equal(fault?.code, 'STALE');
    assert.match(
      fault?.message ?? '',
      /the drop of web01 is of \S+Z, and a newer one, of \S+Z, was accepted before$/,
    );
    assert.equal(delivered.length, 0);
    assert.deepEqual(await site.readState(), before);
    assert.deepEqual((await ask(newer)).delivered, output);
    // Without what is remembered the drop in hand decides, and the log says so.
    await rm(site.places.accepted, { recursive: true });
    const again = await ask(older);
    assert.deepEqual(again.delivered, output);
    assert.match(again.log.join(), /no drop is known to have been accepted before/);
  });
}

test('a drop is read ten times at once', async (t) => {
  const { site, peer } = await start({ start: startFiles }, t);
  await peer.offer('web01', drop(1), settled());
  const all = await Promise.all(Array.from({ length: 10 }, () => fetch(peer, site, 'web01')));
  for (const { delivered } of all) assert.deepEqual(delivered, output);
  assert.deepEqual(await readdir(join(site.places.accepted, 'new')), []);
});

test('what was accepted last rises only with what was delivered, and a disk that refuses is told', async (t) => {
  const { site, peer } = await start({ start: startFiles }, t);
  await peer.offer('web01', drop(1), settled());
  const failing = await fetch(peer, site, 'web01', async () => {
    throw new CourierError('LOCAL', 'stdout is closed');
  });
  assert.equal(failing.fault?.message, 'stdout is closed');
  assert.deepEqual(await site.readState(), {});
  assert.deepEqual(await readdir(join(site.places.accepted, 'new')), []);
  await rm(site.places.accepted, { recursive: true });
  await writeFile(site.places.accepted, '');
  const { fault, delivered } = await fetch(peer, site, 'web01');
  assert.equal(fault?.code, 'LOCAL');
  assert.equal(delivered.length, 0);
});

test('a clock that was an hour ahead keeps nothing out once it is right again', async (t) => {
  const { site, peer } = await start({ start: startFiles }, t);
  await peer.offer('web01', drop(-3600), settled());
  assert.equal((await fetch(peer, site, 'web01')).fault?.code, 'STALE');
  await peer.offer('web01', drop(0), settled());
  assert.deepEqual((await fetch(peer, site, 'web01')).delivered, output);
});

test('a clock that is behind is told from a drop that lay around', async (t) => {
  const { site, peer } = await start({ start: startFiles }, t);
  await peer.offer('web01', drop(3600), settled());
  const { fault } = await fetch(peer, site, 'web01');
  assert.match(
    fault?.message ?? '',
    /old, allowed are 5m; it came 1\ds ago: the clock of web01 is behind ours, or it was held back$/,
  );
});

test('keys change without a gap, and the old one ends when it is revoked', async (t) => {
  const { site, peer } = await start({ start: startFiles }, t);
  const next = rsaPair('next');
  await site.enroll('web01', next, { label: 'next' });
  for (const [ageS, signer] of [
    [5, host],
    [4, next],
    [3, host],
  ] as const) {
    await peer.offer('web01', drop(ageS, { signer }), settled());
    assert.deepEqual((await fetch(peer, site, 'web01')).delivered, output, `${ageS}`);
  }
  await site.enroll('web01', host, { revoked: '2026-11-28' });
  assert.match((await fetch(peer, site, 'web01')).fault?.message ?? '', /which was revoked on/);
});

test('a drop for two sites opens at both, and piggyback passes where the key may send it', async (t) => {
  const { site, peer } = await start({ start: startFiles }, t);
  await site.enroll('web01', host, { piggyback: ['web0*'] });
  const recipients = [rsaPair('other').publicKey, site.publicKey];
  const both = Buffer.concat([output, Buffer.from('<<<<web02>>>>\n<<<a>>>\nb\n<<<<>>>>\n')]);
  await peer.offer('web01', drop(2, { recipients, output: both }), settled());
  assert.deepEqual((await fetch(peer, site, 'web01')).delivered, both);
});

for (const name of ['mail', 'directory'] as const) {
  test(`nineteen pieces of newer junk in a ${name} do not hide a drop, and are told`, async (t) => {
    const site = await makeSealSite(t);
    await enrollAll(site);
    const peer = name === 'mail' ? await startMaildir() : await startDirectories();
    t.after(() => peer.close());
    await peer.offer('web01', drop(100), secondsAgo(100));
    const junk = attacks.filter(({ name: under = 'web01' }) => under === 'web01').slice(0, 19);
    for (const [index, { make }] of junk.entries()) {
      await peer.offer('web01', make(new Date(), site), secondsAgo(90 - index));
    }
    const { delivered, log } = await fetch(peer, site, 'web01');
    assert.deepEqual(delivered, output);
    assert.match(log.join(), /passed over 19: /);
  });
}
