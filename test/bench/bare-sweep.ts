/**
 * The least that a sweep takes with undici: asks every host once, lays each answer into a file the
 * way the collector does, and looks at nothing. `node bare-sweep.ts DIRECTORY PORT HOSTS ROUNDS`
 */

import { closeSync, futimesSync, openSync, renameSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type Dispatcher } from 'undici';

const [directory = '', port, hosts, rounds] = process.argv.slice(2);
const total = Number(hosts) * Number(rounds);
const connections = 8;
const head = Buffer.from(`${'x'.repeat(80)}\n`);
let next = 0;

/** What has arrived of one host. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #whole = Promise.withResolvers<Buffer>();
  #body = Buffer.alloc(0);
  #length = 0;

  get whole(): Promise<Buffer> {
    return this.#whole.promise;
  }

  onRequestStart(): void {}

  onResponseStart(_: unknown, __: number, headers: Record<string, unknown>): void {
    this.#body = Buffer.allocUnsafe(Number(headers['content-length']));
  }

  onResponseData(_: unknown, piece: Buffer): void {
    this.#length += piece.copy(this.#body, this.#length);
  }

  onResponseEnd(): void {
    this.#whole.resolve(this.#body);
  }

  onResponseError(_: unknown, error: Error): void {
    this.#whole.reject(error);
  }
}

function lay(host: string, body: Buffer): void {
  const temporary = join(directory, `.${host}~new`);
  const descriptor = openSync(temporary, 'w', 0o600);
  writevSync(descriptor, [head, body]);
  futimesSync(descriptor, 2e9, 2e9);
  closeSync(descriptor);
  renameSync(temporary, join(directory, host));
}

async function ask(): Promise<void> {
  const client = new Client(`http://127.0.0.1:${port}`);
  while (next < total) {
    const host = `web${next % Number(hosts)}`;
    next += 1;
    const answer = new Answer();
    client.dispatch({ method: 'GET', path: `/${host}` }, answer);
    lay(host, await answer.whole);
  }
  await client.close();
}

await Promise.all(Array.from({ length: connections }, ask));
