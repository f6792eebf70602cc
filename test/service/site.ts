/** A directory that stands for a site, with an init script that is run as `omd` runs it. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initScript } from '../../src/service/init-script.ts';
import { type Service, services } from '../../src/service/service.ts';
import type { Shell } from '../agents/host/courier-agent-shells.ts';

export class Site {
  readonly root: string;
  readonly #shell: Shell;
  readonly #script: string;

  constructor(root: string, shell: Shell) {
    this.root = root;
    this.#shell = shell;
    this.#script = join(root, 'init');
  }

  get pidFile(): string {
    return join(this.root, 'tmp/run/cmk-courier-collect.pid');
  }

  get logFile(): string {
    return join(this.root, 'var/log/cmk-courier-collect.log');
  }

  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8');
  }

  /** @param change what makes a long wait short */
  install(
    command: readonly string[],
    change: (text: string) => string = (text) => text,
    service: Service = services.collect,
  ): void {
    writeFileSync(this.#script, change(initScript(service, command, this.root)));
  }

  /** Exit code and what was said. */
  run(word: string): string {
    const ended = spawnSync(this.#shell.file, [this.#script, word], {
      encoding: 'utf8',
      env: this.#env,
      timeout: 120_000,
    });
    return `${ended.status} ${ended.stdout}${ended.stderr}`;
  }

  /** The same without waiting; `hasEnded` tells when it is over. */
  begin(word: string) {
    const child = spawn(this.#shell.file, [this.#script, word], { env: this.#env });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = once(child, 'close').then(([code]) => `${code} ${said}`);
    return { ended, hasEnded: () => child.exitCode !== null };
  }

  get #env() {
    return { PATH: this.#shell.path, OMD_ROOT: this.root };
  }
}
