/**
 * A model of the host against the host: what the server has, kills and the clock change at random,
 * and after each run the model says what may be the case. A failure names its seed.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { sha256, trusted } from '../../../peers/update-documents.ts';
import { startUpdateServer, type UpdateServer } from '../../../peers/update-server.ts';
import { Host, isLong } from './host.ts';
import { makeRelease, type Package } from './packages.ts';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function makeChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const updater = {
  path: 'bin/courier-update',
  mode: 0o755,
  content: '#!/bin/sh\nprintf "%s ok\\n" state root server\n',
};
const good = ['1', '2', '3'].map((version) => makeRelease(version, [updater]));
const broken = makeRelease('9', [
  updater,
  { path: 'bin/check_mk_agent', mode: 0o755, content: '#!/bin/sh\n' },
]);
const foreign = makeRelease('8', [updater]);

interface Model {
  readonly host: Host;
  readonly server: UpdateServer;
  readonly chance: () => number;
  /** Lowest counter that may be installed; only a change of keys lowers it. */
  floor: number;
  /** Releases that may run. */
  readonly allowed: Set<string>;
  path: string;
}

type Action = readonly [name: string, act: (model: Model) => void];

const actions: readonly Action[] = [
  ['a good release', offerGood],
  ['a good release', offerGood],
  ['a release that breaks', ({ host }) => host.offer(broken)],
  ['a target for another host', ({ host }) => host.offer(foreign, { audience: 'host:web02' })],
  ['a target signed by a stranger', offerForged],
  ['an older counter', offerOlder],
  ['a damaged package', ({ server }) => server.fail('package', { kind: 'flip' })],
  ['a damaged stamp', ({ server }) => server.fail('check', { kind: 'flip' })],
  ['a lost answer', ({ server }) => server.fail('check', { kind: 'close' })],
  ['an overloaded server', ({ server }) => server.fail('root', { kind: 'status', status: 503 })],
  ['other keys', rotateKeys],
  ['a clock that was set', setClock],
  ['nothing new', () => undefined],
];

function offerGood({ host, chance, allowed }: Model): void {
  const release = good[Math.floor(chance() * good.length)] ?? foreign;
  allowed.add(release.hash);
  host.offer(release);
}

function offerForged({ host, server }: Model): void {
  const { releaseKeys } = server.repository;
  server.repository.releaseKeys = ['stranger'];
  host.offer(foreign);
  server.repository.releaseKeys = releaseKeys;
}

function offerOlder({ host, server, floor }: Model): void {
  const { counter } = server.repository;
  server.repository.counter = Math.max(0, floor - 2);
  if (floor > 1) host.offer(foreign);
  server.repository.counter = counter;
}

function rotateKeys(model: Model): void {
  const { repository, url } = model.server;
  const [now, next] =
    repository.releaseKeys[0] === 'release-a'
      ? (['release-a', 'release-b'] as const)
      : (['release-b', 'release-a'] as const);
  assert.ok(now);
  repository.addRoot({
    servers: [url],
    floorCounter: repository.counter,
    keys: [trusted('root-a', 'root'), trusted(next, 'release'), trusted('stamp-a', 'stamp')],
  });
  repository.releaseKeys = [next];
  model.floor = 0;
  // What was signed with the old key is worth nothing now.
  repository.withdraw('web01');
}

function setClock(model: Model): void {
  const years = Math.floor(model.chance() * 60) + 1980;
  model.path = model.host.substitute('date', `echo ${years}0101000000`);
}

async function runOnce(model: Model): Promise<void> {
  const { host, chance, path } = model;
  host.path = path;
  if (chance() < 0.65) {
    await host.update('--syslog=no');
    return;
  }
  const child = spawn('/bin/sh', [host.updater, 'update', '--syslog=no', `--base=${host.base}`], {
    env: { PATH: path, MK_VARDIR: join(host.root, 'lib') },
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(child, 'exit');
  const isOver = await Promise.race([ended.then(() => true), setTimeout(chance() * 900, false)]);
  if (!isOver && child.pid !== undefined) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
  await ended;
}

/** What has to hold after anything. */
async function expectInvariants(model: Model): Promise<void> {
  const { host, allowed } = model;
  const floors = host.floors();
  const counter = Number(floors['counter'] ?? 0);
  assert.ok(counter >= model.floor, `counter ${counter} below ${model.floor}`);
  model.floor = Math.max(
    model.floor,
    Number(floors['installed-counter'] === floors['counter'] ? counter : model.floor),
  );
  const current = host.read('current').trim();
  if (current === '') return;
  assert.ok(current !== foreign.hash, 'a release of another host, or of a stranger');
  const { stdout } = await host.agent();
  const version = /^Version: (\d)$/m.exec(stdout)?.[1];
  const isBeingTested = existsSync(join(host.base, 'state/journal'));
  if (version === undefined) {
    assert.ok(isBeingTested && current === broken.hash, `the launcher starts nothing: ${current}`);
    return;
  }
  assert.ok(isWhole(host, current), `release ${current} is not whole`);
  assert.ok(allowed.has(current) || (isBeingTested && current === broken.hash), current);
}

function isWhole(host: Host, hash: string): boolean {
  const directory = join(host.base, 'releases', hash);
  const lines = readFileSync(join(directory, 'FILES'), 'latin1').trimEnd().split('\n');
  return lines.every((line) => {
    const [, digest, path = ''] = line.split(' ');
    return sha256(readFileSync(join(directory, path))) === digest;
  });
}

async function play(t: TestContext, seed: number, steps: number): Promise<void> {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  const chance = makeChance(seed);
  const model: Model = { host, server, chance, floor: 0, allowed: new Set(), path: host.path };
  const history: string[] = [];
  try {
    for (let step = 0; step < steps; step += 1) {
      const [name, act] = actions[Math.floor(chance() * actions.length)] ?? [
        'nothing',
        () => undefined,
      ];
      history.push(name);
      act(model);
      await runOnce(model);
      await expectInvariants(model);
    }
    await expectRecovery(model);
  } catch (error) {
    throw new Error(`seed ${seed}: ${history.slice(-8).join(', ')}`, { cause: error });
  }
}

/** Whatever has been, the next good release is installed. */
async function expectRecovery({ host, server }: Model): Promise<void> {
  server.mend();
  const last: Package = makeRelease('7', [updater]);
  host.offer(last);
  const { status, stderr } = await host.update('--syslog=no');
  assert.equal(status, 0, stderr);
  assert.equal(host.read('current'), `${last.hash}\n`);
}

const [games, steps] = isLong ? [20, 60] : [1, 12];

for (let game = 0; game < games; game += 1) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  test(`TE-4: the host does what the model says, whatever happens (game ${game + 1})`, (t) =>
    play(t, seed, steps));
}
