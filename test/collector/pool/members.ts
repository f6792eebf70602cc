/** Members of a pool in this process, on a real nats-server; times are a tenth of the usual ones. */

import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { usualTimes } from '../../../src/collector/pool/contract.ts';
import { NatsWay } from '../../../src/collector/pool/nats-way.ts';
import { Pool } from '../../../src/collector/pool/pool.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { openTestSession } from '../../nats/sessions.ts';

const times = {
  ...usualTimes,
  beatMs: 250,
  silenceMs: 1200,
  gapMs: 900,
  joinMs: 350,
  handoverMs: 100,
  tellMs: 50,
};

export const names = Array.from({ length: 300 }, (_, index) => parseHostName(`host${index}`));

/** A member with hosts that are due each second. */
export class Member {
  readonly pool: Pool;
  readonly way: NatsWay;
  readonly asked: string[] = [];
  readonly log = makeCollectingLog();
  readonly #session: ReturnType<typeof openTestSession>['session'];
  readonly #timer: NodeJS.Timeout;

  constructor(t: TestContext, member: string, urls: readonly string[], known = names) {
    const { log } = this;
    const settings = { member, instance: randomUUID(), networks: [], times, clock: systemClock };
    this.pool = new Pool({ ...settings, log });
    this.#session = openTestSession(t, urls).session;
    const [session, pool] = [this.#session, this.pool];
    const { silenceMs } = times;
    const around = { clock: systemClock, log };
    this.way = new NatsWay({ session, pool, name: 'test', member, silenceMs, ...around });
    const hosts = known.map((host) => ({
      target: { host },
      route: { sources: [], with: [], settings: { pool: undefined } },
      routed: { everyMs: 1000 },
      dueMs: 0,
      isRunning: false,
      history: { failures: 0 },
      planFor(dueMs: number) {
        this.dueMs = dueMs;
      },
    }));
    pool.setHosts(hosts);
    this.#timer = setInterval(() => {
      pool.look();
      for (const host of hosts) {
        if (host.dueMs > systemClock.monotonic() || !pool.mayAsk(host)) continue;
        pool.started(host);
        host.dueMs = systemClock.monotonic() + host.routed.everyMs;
        this.asked.push(host.target.host);
      }
    }, 20);
    t.after(() => this.die());
    this.way.start();
  }

  /** Without a word to the others. */
  async die(): Promise<void> {
    clearInterval(this.#timer);
    await this.#session.close();
    await this.way.stop();
  }

  get seen(): string {
    const { members } = this.pool.status();
    return members
      .map(({ member, state }) => `${member} ${state}`)
      .sort()
      .join(', ');
  }
}

/** Whether each host is that of one of the members, and they know it of each other. */
export function sharesAll(members: readonly Member[]): boolean {
  const statuses = members.map(({ pool }) => pool.status());
  const isCalm = statuses.every(
    ({ state, members: seen }) => state === 'asking' && seen.length === members.length,
  );
  const ours = statuses.reduce((sum, status) => sum + status.ours, 0);
  return isCalm && ours === names.length && members.every(({ asked }) => asked.length > 0);
}
