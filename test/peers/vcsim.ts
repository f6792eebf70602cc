/** govmomi's simulator of vSphere, built by the Go that is there; see test/peers/vcsim/main.go. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('vcsim', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/vcsim', import.meta.url));

export const login = { user: 'monitor', password: 'simulated secret' };

/** Where the built simulator is, or why it cannot be built: no Go, or no modules. */
export function buildVcsim(): { readonly path: string } | { readonly missing: string } {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum'])
    hash.update(readFileSync(join(sources, name)));
  const path = join(cache, `vcsim-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return { path };
  const go = ['go', '/usr/local/go/bin/go'].find(
    (name) => spawnSync(name, ['version']).status === 0,
  );
  if (go === undefined) return { missing: 'Go is not installed' };
  mkdirSync(cache, { recursive: true });
  const part = `${path}.${process.pid}`;
  const built = spawnSync(go, ['build', '-o', part, '.'], { cwd: sources, timeout: 300_000 });
  if (built.status !== 0)
    return { missing: `vcsim cannot be built: ${built.stderr}`.slice(0, 200) };
  renameSync(part, path);
  return { path };
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
