/** Installations in directories of their own, as a site has them. */

import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { ControlSocket } from '../../../src/collector/control-socket.ts';
import type { CollectorStatus } from '../../../src/collector/status-shape.ts';
import type { CauseCode } from '../../../src/doctor/causes.ts';
import { main } from '../../../src/main.ts';
import { makeStatus } from '../../collector/statuses.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { assertDocument } from '../../helpers/json-document.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export interface Look {
  readonly exit: number;
  readonly verdict: string;
  readonly cause: { readonly code: CauseCode; readonly step: string; readonly see: string } | null;
  readonly steps: readonly {
    readonly id: string;
    readonly status: string;
    readonly code: CauseCode | null;
    readonly text: string;
    readonly duration_ms: number | null;
    readonly raw_error: string | null;
  }[];
}

export class Installation {
  readonly root: string;
  readonly #owner: Owner;
  clock: Clock = systemClock;
  env: NodeJS.ProcessEnv = {};

  private constructor(root: string, owner: Owner) {
    this.root = root;
    this.#owner = owner;
  }

  static async make(owner: Owner): Promise<Installation> {
    const made = new Installation(await makeTempDir(owner), owner);
    chmodSync(made.root, 0o755);
    return made;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  file(name: string, text: string, mode = 0o644): this {
    this.directory(dirname(name));
    writeFileSync(this.path(name), text, { mode });
    return this;
  }

  directory(name: string): this {
    mkdirSync(this.path(name), { recursive: true, mode: 0o755 });
    return this;
  }

  routes(...lines: readonly string[]): this {
    return this.file('etc/cmk-courier/routes.yaml', `${lines.join('\n')}\n`);
  }

  collectorOptions(...lines: readonly string[]): this {
    return this.file('etc/cmk-courier/collector.yaml', `${lines.join('\n')}\n`);
  }

  receiver(...lines: readonly string[]): this {
    return this.file('etc/cmk-courier/receiver.yaml', `${lines.join('\n')}\n`);
  }

  /** A collector that says so of itself. */
  async collector(status: CollectorStatus): Promise<this> {
    this.directory('tmp/cmk-courier');
    const answers = new Map([['status', () => JSON.stringify(status)]]);
    const socket = new ControlSocket(this.path('tmp/cmk-courier/collector.sock'), answers);
    await socket.listen();
    this.#owner.after(async () => socket.close());
    return this;
  }

  async run(...args: readonly string[]) {
    const { said, ...context } = makeCommandContext();
    const exit = await main(['doctor', 'site', ...args], {
      ...context,
      clock: this.clock,
      env: { OMD_ROOT: this.root, OMD_SITE: 'mysite', LC_ALL: 'C.UTF-8', ...this.env },
    });
    return { ...said, exit };
  }

  async statusOf(step: string): Promise<string | undefined> {
    return (await this.look()).steps.find(({ id }) => id === step)?.status;
  }

  async look(...args: readonly string[]): Promise<Look> {
    const { output, exit } = await this.run('--json', ...args);
    assertDocument('doctor site', output);
    return { ...JSON.parse(output), exit };
  }
}

/** The port on loopback where a server listens from now on. */
export async function listenHere(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export const good = ['routes:', "  - { hosts: 'web*', sources: '/drops/{host}' }"];

export async function makeGood(t: TestContext): Promise<Installation> {
  const installation = (await Installation.make(t)).routes(...good);
  await installation.directory('var/cmk-courier/spool').collector(makeStatus([]));
  return installation;
}
