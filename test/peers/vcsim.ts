/** govmomi's simulator of vSphere, built by the Go that is there; see test/peers/vcsim/main.go. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { TestContext } from 'node:test';
import { type Built, buildGoProgram } from './go-program.ts';

export const login = { user: 'monitor', password: 'simulated secret' };

/** Where the built simulator is, or why it cannot be built: no Go, or no modules. */
export function buildVcsim(): Built {
  const files = ['main.go', 'go.mod', 'go.sum'];
  return buildGoProgram({ name: 'vcsim', folder: 'vcsim', files, main: '.' });
}

export class Vcsim {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly port: number;

  private constructor(child: ChildProcess, lines: Interface, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** Ends with the test. */
  static async start(t: TestContext, path: string, ...args: readonly string[]): Promise<Vcsim> {
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    const lines = createInterface({ input: child.stdout });
    const place = await nextLine(lines);
    return new Vcsim(child, lines, Number(place.replace(/^.*:/, '')));
  }

  /** Lets a method fail: after `skip` calls, for `count` calls (0 for ever). */
  async fail(
    method: string,
    fault: 'NotAuthenticated' | 'NoPermission' | 'Generic',
    { skip = 0, count = 0 } = {},
  ): Promise<void> {
    const answer = nextLine(this.#lines);
    this.#child.stdin?.write(`${method} ${fault} ${skip} ${count}\n`);
    await answer;
  }
}

function nextLine(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('close', () => reject(new Error('vcsim ended')));
  });
}
