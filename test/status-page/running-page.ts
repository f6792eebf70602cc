/** A status page on loopback over feeds that a test decides on, and a browser's way to ask it. */

import { request as ask } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { TokenFile } from '../../src/status-page/access/tokens.ts';
import type { Batch, Feed, PartRow } from '../../src/status-page/feed.ts';
import type { PageSettings } from '../../src/status-page/options.ts';
import { pages } from '../../src/status-page/page/pages.ts';
import { type ListeningPage, StatusPage } from '../../src/status-page/status-page.ts';
import { type CollectingLog, makeCollectingLog } from '../helpers/collecting-log.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

export class ListFeed implements Feed {
  readonly name = 'collector';
  rows: readonly PartRow[];
  fetched: string[] = [];
  /** How often it was asked about a host. */
  asked = 0;
  /** Hosts of others, and why. */
  readonly left = new Map<string, string>();
  /** In place of an answer. */
  trouble: Error | undefined;

  constructor(rows: readonly PartRow[]) {
    this.rows = rows;
  }

  async part() {
    if (this.trouble !== undefined) throw this.trouble;
    return { name: this.name, state: 'well', troubles: [] } as const;
  }

  async *list(): AsyncIterable<Batch> {
    yield { rows: this.rows, cursor: '', isWhole: true };
  }

  async host(host: string) {
    this.asked += 1;
    if (this.trouble !== undefined) throw this.trouble;
    return this.rows.some((row) => row.host === host) ? { remarks: ['seen'] } : undefined;
  }

  async panels() {
    return [];
  }

  async whyLeft(host: string) {
    return this.left.get(host);
  }

  async fetchNow(host: string) {
    this.fetched.push(host);
    return this.rows.some((row) => row.host === host);
  }
}

export const fewRows: readonly PartRow[] = [
  { host: 'web01', state: 'fresh', failures: 0, producedAtMs: 1000, route: 'linux' },
  {
    ...{ host: 'web02', state: 'faulty', failures: 3, route: 'linux' },
    fault: { code: 'REFUSED', line: 'cmk-courier: ssh: web02: <b>no</b> (REFUSED)', atMs: 5 },
  },
];

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

export class RunningPage {
  readonly directory: string;
  readonly log: CollectingLog;
  readonly page: StatusPage;
  readonly #at: ListeningPage['at'];
  readonly token: string;

  constructor(
    made: Pick<RunningPage, 'directory' | 'log' | 'page' | 'token'>,
    at: ListeningPage['at'],
  ) {
    this.directory = made.directory;
    this.log = made.log;
    this.page = made.page;
    this.token = made.token;
    this.#at = at;
  }

  get origin(): string {
    return this.#at.kind === 'tcp' ? `http://127.0.0.1:${this.#at.port}` : 'http://localhost';
  }

  /** Not fetch: that lets nobody say another Host, Origin or Sec-Fetch-Site. */
  ask(path: string, { method = 'GET', headers = {}, body = '' }: Asked = {}): Promise<Answer> {
    const at = this.#at;
    const place = at.kind === 'unix' ? { socketPath: at.path } : { port: at.port };
    return new Promise((resolve, reject) => {
      const all = { host: this.origin.slice('http://'.length), ...headers };
      const request = ask({ ...place, path, method, headers: all, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  post(path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    const all = {
      origin: this.origin,
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    };
    return this.ask(path, { method: 'POST', headers: all, body });
  }

  /** @returns the cookie */
  async logIn(token = this.token): Promise<string> {
    const body = String(new URLSearchParams({ token, next: '/' }));
    return cookieOf(await this.post('/login', {}, body));
  }
}

export function cookieOf({ headers }: Answer): string {
  return String(headers['set-cookie'] ?? '').split(';')[0] ?? '';
}

/**
 * Resolves when it listens; it is stopped, and its directory removed, when the test ends.
 *
 * @param kept what an earlier one has kept
 */
export async function startPage(
  t: TestContext,
  feeds: readonly Feed[],
  settings: Partial<PageSettings> = {},
  kept?: string,
): Promise<RunningPage> {
  const root = await makeTempDir();
  let running: RunningPage | undefined;
  t.after(async () => {
    await running?.page.stop();
    await removeTempDir(root);
  });
  running = await openPage(feeds, kept ?? join(root, 'page'), settings);
  return running;
}

/**
 * Resolves when it listens; stopping it is left to the caller.
 *
 * @param directory what it keeps, or an earlier one has kept
 */
export async function openPage(
  feeds: readonly Feed[],
  directory: string,
  settings: Partial<PageSettings> = {},
): Promise<RunningPage> {
  const at = settings.at ?? { kind: 'tcp', address: '127.0.0.1', port: await findFreePort() };
  const all: ListeningPage = {
    ...{ part: 'collector', hasActions: false, basePath: '/', hostNames: [], tls: undefined },
    ...{ userHeader: undefined, sessionMs: 3_600_000, sockets: undefined },
    ...settings,
    ...{ at, directory },
  };
  const tokens = new TokenFile(directory);
  const names = new Set((await tokens.read()).map(({ name }) => name));
  const token = await tokens.create(names.has('ada') ? 'again' : 'ada', new Date());
  const log = makeCollectingLog();
  const around = { env: {}, clock: systemClock, log, doctorOptions: [] };
  const page = new StatusPage(all, feeds, { ...around, loadPages: async () => pages });
  page.start();
  await waitUntil(() => log.lines.some((line) => line.includes('the status page is there')));
  return new RunningPage({ directory, log, page, token }, at);
}
