/** The built program, collecting in a directory that stands for a site. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { behindMounts } from '../peers/private-mounts.ts';

const script = fileURLToPath(new URL('../../agents/site/cmk-courier-ready', import.meta.url));

/** Each answer of a drop says when it was dropped. */
export function makeOutput(host: string): string {
  return `<<<check_mk>>>\nVersion: 2.4.0\n<<<local:sep(0)>>>\n0 "${host}" - ${Date.now()}\n`;
}

export class CollectorSite {
  readonly root: string;
  readonly ready: string;
  #running: ReturnType<typeof start> | undefined;

  /** @param ready where output is laid ready, if not in the site */
  constructor(root: string, ready = join(root, 'tmp/cmk-courier/ready')) {
    this.root = root;
    this.ready = ready;
    mkdirSync(join(root, 'drops'));
    mkdirSync(join(root, 'etc/cmk-courier'), { recursive: true });
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  drop(host: string, text = makeOutput(host)): void {
    const path = join(this.root, 'drops', host);
    writeFileSync(`${path}.part`, text);
    renameSync(`${path}.part`, path);
  }

  writeRoutes(text: string): void {
    writeFileSync(join(this.root, 'etc/cmk-courier/routes.yaml'), text);
  }

  /**
   * Resolves when it is collecting.
   *
   * @param env for the collector alone
   * @param places what it sees in place of other files, as behindMounts takes them
   */
  async start(
    env: NodeJS.ProcessEnv = {},
    places?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const command = [courier, 'collect', `--ready=${this.ready}`] as const;
    const [program, ...args] =
      places === undefined ? command : (['unshare', ...behindMounts(places, command)] as const);
    this.#running = start(program, args, { env: { ...this.environment, ...env } });
    await this.until(() => this.status() !== undefined);
  }

  /** Resolves with its log. */
  async end(signal: NodeJS.Signals): Promise<{ readonly stderr: string }> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return { stderr: '' };
    process.kill(running.pid, signal);
    return running.ended;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** What `cmk-courier status --json` says; undefined when nobody answers. */
  status() {
    const args = ['status', '--json', '--timeout=5s', `--ready=${this.ready}`];
    const options = { env: this.environment, maxBuffer: 64 * 1024 * 1024 };
    const { status, stdout } = spawnSync(courier, args, options);
    return status === 0 ? JSON.parse(stdout.toString()) : undefined;
  }

  /** What the site gets for a host; FALLBACK when it would have to fetch by itself. */
  ask(host: string): SpawnSyncReturns<string> {
    return spawnSync('sh', [script, host], {
      env: { ...this.environment, PATH: `${this.#fakes()}:${process.env['PATH']}` },
      encoding: 'utf8',
      timeout: 60_000,
    });
  }

  /** A test that is over does not go on waiting. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < 1000; turn += 1) {
      if (isSo()) return;
      await sleep(50);
    }
    throw new Error('it has not come to pass');
  }

  get environment(): NodeJS.ProcessEnv {
    return { OMD_ROOT: this.root, CMK_COURIER_READY: this.ready, PATH: process.env['PATH'] };
  }

  #fakes(): string {
    const directory = join(this.root, 'fakes');
    mkdirSync(directory, { recursive: true });
    const path = join(directory, 'cmk-courier');
    writeFileSync(path, '#!/bin/sh\necho FALLBACK\n', { mode: 0o755 });
    return dirname(path);
  }
}

export async function makeSite(t: TestContext, ready?: string): Promise<CollectorSite> {
  const root = await makeTempDir();
  const site = new CollectorSite(root, ready);
  t.after(async () => {
    await site.end('SIGKILL');
    await removeTempDir(root);
  });
  return site;
}
