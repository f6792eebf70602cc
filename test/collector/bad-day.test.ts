/** A site on a bad day: all at once goes wrong, and it stays with those it goes wrong for. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { skipWithoutMounts } from '../peers/private-mounts.ts';
import { skipWithoutSshd } from '../peers/sshd.ts';
import { mountSmall } from '../spool/small-disk.ts';
import {
  addressOf,
  type Counts,
  domain,
  fallsIll,
  kindOf,
  kinds,
  startPeers,
} from './bad-day-peers.ts';
import { type CollectorSite, makeSite } from './running-collector.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

/** `everyS` is that of all hosts; nothing at all is served that is older than `oldS`. */
const size: {
  readonly counts: Counts;
  readonly everyS: number;
  readonly oldS: number;
  readonly rounds: number;
} = isLong
  ? {
      counts: { well: 1660, hang: 100, dead: 100, dns: 50, peer: 50, ssh: 20, pushed: 20 },
      everyS: 5,
      oldS: 60,
      rounds: 2,
    }
  : {
      counts: { well: 120, hang: 10, dead: 10, dns: 5, peer: 5, ssh: 5, pushed: 5 },
      everyS: 1,
      oldS: 20,
      rounds: 1,
    };
/** Of one fetch, in seconds. */
const deadlineS = 2.5;

/** Without mounts there is no name server that is silent to this site alone. */
const present = kinds.filter((kind) => kind !== 'dns' || !skipWithoutMounts);
const hosts = present.flatMap((kind) =>
  Array.from({ length: size.counts[kind] }, (_, n) => `${kind}-${n}`),
);
const healthy = hosts.filter((host) => !fallsIll(host));
const hour = 3600;
const pollMs = 250;

type Peers = Awaited<ReturnType<typeof startPeers>>;

/** A stamp in each output tells its age; the clock may be an hour off all the same. */
function toRoutes(root: string, { ports, sshd, bad, pushed }: Peers): string {
  const command = [
    `test {host} = ssh-0 && test -e ${bad} && ! test -e ${bad}.over && exec sleep 600`,
    `printf '<<<check_mk>>>\\nVersion: 2.4.0\\n<<<local:sep(0)>>>\\n0 "{host}" - %s\\n' $(date +%s%3N)`,
  ].join('; ');
  const encoded = command.split('{host}').map(encodeURIComponent).join('{host}');
  return `
defaults: { every: ${size.everyS}s, deadline: ${deadlineS * 1000}ms, maxAge: 5m }
collector: { hostList: ${root}/etc/cmk-courier/hosts.txt, concurrency: 64 }
routes:
  - { hosts: 'well-*', sources: 'http://{address}:${ports.well}/{host}' }
  - { hosts: 'hang-*', sources: 'http://{address}:${ports.well}/{host}' }
  - { hosts: 'dead-*', sources: 'http://{address}:${ports.dead}/{host}' }
  - { hosts: 'dns-*', sources: 'http://{host}.${domain}:${ports.well}/{host}' }
  - { hosts: 'peer-*', sources: 'http://127.0.0.1:${ports.peer}/{host}' }
  - { hosts: 'pushed-*', sources: 'spool://${pushed}', maxAge: 3h, maxSkew: 3h }
  - hosts: 'ssh-*'
    sources:
      - uri: "ssh://root@127.0.0.1:${sshd.port}/${encoded}"
        sshKey: ${sshd.key}
        knownHosts: ${sshd.knownHosts}
        multiplex: ${4 * size.everyS}s
`;
}

/** What the site has, as it is seen from outside. */
class Day {
  readonly rows: string[] = [];
  /** By which the clock of this site is wrong. */
  offsetS = 0;
  readonly #site: CollectorSite;
  readonly #setClock: (by: number) => void;
  /** How old the output of a healthy host may become; measured in the morning. */
  #freshS = Number.POSITIVE_INFINITY;
  #oldestS = 0;
  /** How late the test itself came to look, as the collector may then come to fetch. */
  #hitchS = 0;

  constructor(site: CollectorSite, setClock: (by: number) => void) {
    this.#site = site;
    this.#setClock = setClock;
  }

  /** When the output was made that is served for a host; undefined when there is a fault or nothing. */
  stampOf(host: string): number | undefined {
    const path = join(this.#site.ready, host);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.mtimeMs <= Date.now() + this.offsetS * 1000) return undefined;
    const [first = '', ...rest] = readFileSync(path, 'utf8').split('\n');
    const [, , , second, , code] = first.split(' ');
    if (code !== '0' || Number(second) <= uptime()) return undefined;
    const [, named, stamp] = /^0 "(.+)" - (\d+)$/m.exec(rest.join('\n')) ?? [];
    assert.equal(named, host);
    return Number(stamp);
  }

  /** How old what is served for a host is; undefined when there is a fault or nothing. */
  #ageS(host: string): number | undefined {
    const stamp = this.stampOf(host);
    if (stamp === undefined) return undefined;
    const ageS = (Date.now() - stamp) / 1000;
    assert.ok(ageS < size.oldS, `${host} is served what is ${ageS}s old`);
    return ageS;
  }

  /** What there is of a host instead. */
  #tell(host: string): string {
    const told = this.#site.status()?.hosts.find((row: { host: string }) => row.host === host);
    return JSON.stringify(told);
  }

  /** Each healthy host is served, at every moment, and nothing older than two intervals. */
  #requireFresh(): void {
    for (const host of healthy) {
      const ageS = this.#ageS(host) ?? Number.POSITIVE_INFINITY;
      this.#oldestS = Math.max(this.#oldestS, ageS);
      const allowedS = this.#freshS + 4 * this.#hitchS;
      if (ageS < allowedS) continue;
      assert.fail(
        `${host} is healthy and ${ageS}s old, allowed are ${allowedS}s: ${this.#tell(host)}`,
      );
    }
  }

  /** Waits until each of some hosts has output made from now on; nothing old is served meanwhile. */
  async #untilNew(who: readonly string[], patienceS: number, look: () => void): Promise<void> {
    const begin = Date.now();
    const missing = new Set(who);
    for (;;) {
      look();
      for (const host of hosts) {
        const ageS = this.#ageS(host);
        if (ageS !== undefined && Date.now() - ageS * 1000 > begin) missing.delete(host);
      }
      if (missing.size === 0) return;
      const spentS = (Date.now() - begin) / 1000;
      const [example] = missing;
      assert.ok(spentS < patienceS, `${missing.size} hosts have nothing new, such as ${example}`);
      const startedAt = performance.now();
      await sleep(pollMs);
      this.#hitchS = Math.max(this.#hitchS, (performance.now() - startedAt - pollMs) / 1000);
    }
  }

  /** The first output of all, and then how old it becomes while all is well. */
  async begin(): Promise<void> {
    await this.#untilNew(hosts, size.oldS, () => undefined);
    await this.pass('in the morning', hosts);
    this.#freshS = Math.max(2 * size.everyS + deadlineS, 2 * this.#oldestS);
  }

  /** Some rounds in which every healthy host stays fresh, and a row for the table. */
  async pass(what: string, who: readonly string[], patienceS = size.oldS): Promise<void> {
    [this.#oldestS, this.#hitchS] = [0, 0];
    const begin = Date.now();
    for (let round = 0; round < size.rounds; round += 1) {
      await this.#untilNew(who, patienceS, () => this.#requireFresh());
    }
    const perRound = (Date.now() - begin) / 1000 / size.rounds;
    const served = (list: readonly string[]) =>
      list.filter((host) => this.stampOf(host) !== undefined).length;
    const cells = kinds.map((kind) => served(hosts.filter((host) => kindOf(host) === kind)));
    const row = [what.padEnd(28), ...cells.map((cell) => `${cell}`.padStart(6))];
    this.rows.push(
      `${row.join('')}${perRound.toFixed(1).padStart(8)}s${this.#oldestS.toFixed(1).padStart(7)}s`,
    );
  }

  /** The clock of the site is set, and with it what is past for whoever reads there. */
  async setClock(by: number): Promise<void> {
    this.#setClock(by);
    this.offsetS = by;
    // It is looked up once a second.
    await sleep(1200);
    await this.#untilNew(healthy, size.oldS, () => undefined);
  }

  get table(): readonly string[] {
    const head = ['served'.padEnd(28), ...kinds.map((kind) => kind.padStart(6))];
    return [`${head.join('')}   round  oldest`, ...this.rows];
  }
}

/** A disk that is full until somebody says that it is not. */
function fill(disk: string): () => void {
  const filler = join(disk, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
  assert.throws(() => writeFileSync(join(disk, 'more'), 'x'.repeat(8192)), { code: 'ENOSPC' });
  return () => {
    rmSync(filler);
    rmSync(join(disk, 'more'), { force: true });
  };
}

/** Waits until the newest output in the spool of each of some hosts is from then on. */
async function untilKept(spool: string, who: readonly string[], sinceMs: number): Promise<void> {
  const missing = new Set(who);
  for (let turn = 0; missing.size > 0; turn += 1) {
    assert.ok(turn < 100, `${missing.size} are not in the spool, such as ${[...missing][0]}`);
    for (const host of missing) {
      const context = { log: makeCollectingLog(), clock: systemClock };
      const kept = await readSpooled(spool, parseHostName(host), context);
      if (kept !== undefined && kept.receivedAt.getTime() >= sinceMs) missing.delete(host);
    }
    await sleep(pollMs);
  }
}

async function startSite(t: TestContext) {
  const site = await makeSite(t);
  const disk = await mountSmall(t, '64m');
  if (disk === undefined) t.diagnostic('mounting is not permitted here: the disk is never full');
  else symlinkSync(disk, join(site.root, 'var'));
  const peers = await startPeers(t, site.root, hosts);
  const listed = kinds.flatMap((kind) =>
    hosts
      .filter((host) => kindOf(host) === kind)
      .map((host, n) => (kind === 'dns' ? `${host}\n` : `${host} ${addressOf(host, n)}\n`)),
  );
  writeFileSync(join(site.root, 'etc/cmk-courier/hosts.txt'), listed.join(''));
  site.writeRoutes(toRoutes(site.root, peers));
  const offset = join(site.root, 'offset');
  const setClock = (by: number) => writeFileSync(offset, `${by < 0 ? '' : '+'}${by}`);
  setClock(0);
  const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: offset,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
    XDG_RUNTIME_DIR: site.root,
  };
  await site.start(env, skipWithoutMounts ? undefined : { '/etc/resolv.conf': peers.resolver });
  return { site, peers, disk, setClock };
}

const skip = skipWithout('faketime') || skipWithoutSshd;

test('on a bad day every healthy host stays fresh, and after it all is as before', {
  timeout: 900_000,
  skip,
}, async (t) => {
  const { site, peers, disk, setClock } = await startSite(t);
  const day = new Day(site, setClock);
  await day.begin();
  const makeRoom = disk === undefined ? undefined : fill(disk);
  if (disk !== undefined) await day.pass('the disk is full', healthy);
  await peers.fallIll();
  await day.pass('and hosts fall ill', healthy);
  makeRoom?.();
  await day.setClock(hour);
  await day.pass('and the clock an hour ahead', healthy);
  await day.setClock(-hour);
  await day.pass('and then an hour behind', healthy);
  await day.setClock(0);
  await day.pass('and right again', healthy);
  for (const host of hosts.filter(fallsIll)) assert.equal(day.stampOf(host), undefined, host);
  const evening = Date.now();
  await peers.getWell();
  // Those who were dead for long are asked every five minutes.
  await day.pass('in the evening', hosts, 320);
  assert.equal(site.status().readyFault, undefined);
  // Now there is room for what they sent last.
  await peers.fallIll();
  const spool = join(site.root, 'var/cmk-courier/spool');
  await untilKept(
    spool,
    hosts.filter((host) => kindOf(host) === 'hang'),
    evening,
  );
  for (const row of day.table) t.diagnostic(row);
  const { stderr } = await site.end('SIGTERM');
  assert.match(stderr, /"msg":"ended"\}\n$/);
  const full = /output is not kept: putting the output of \S+ into \S+: no space left on device/;
  if (disk !== undefined) assert.match(stderr, full);
});
