/** What a host asks of an update server, by agent-updates.md alone; every field can be spoilt. */

import { randomBytes } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { hmac } from '../peers/update-server.ts';

export interface UpdateAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
  readonly text: string;
}

type Fields = Readonly<Record<string, string>>;

interface Asking {
  /** Fields to be sent instead. */
  readonly change?: Fields;
  /** The key of the MAC; the host's secret unless told otherwise. */
  readonly key?: string;
  /** What becomes of the body before it is sent. */
  readonly spoil?: (body: string) => string;
}

export class UpdateClient {
  readonly #url: string;
  readonly host: string;
  secret: string;
  counter = 20_261_128_090_000;
  previous = 0;
  /** What `check` tells. */
  standing: Fields = {};

  constructor(url: string, host: string, secret = '0'.repeat(64)) {
    this.#url = url;
    this.host = host;
    this.secret = secret;
  }

  /** The fields of `check` and `report`, in their order. */
  get standingFields(): Fields {
    const fields = {
      platform: 'linux-tgz',
      'installed-hash': '-',
      'installed-counter': '0',
      'root-version': '1',
      state: 'new',
      updater: '1',
      time: '20261128090000',
      transport: 'http',
      refused: '-',
      code: '-',
      error: '',
    };
    return { ...fields, ...this.standing };
  }

  check(asking: Asking = {}): Promise<UpdateAnswer> {
    return this.post('/v1/check', this.standingFields, asking);
  }

  report(standing: Fields = {}, asking: Asking = {}): Promise<UpdateAnswer> {
    return this.post('/v1/report', { ...this.standingFields, ...standing }, asking);
  }

  target(sha256: string, asking: Asking = {}): Promise<UpdateAnswer> {
    return this.post(`/v1/target/${sha256}`, {}, asking);
  }

  package(sha256: string, asking: Asking = {}): Promise<UpdateAnswer> {
    return this.post(`/v1/package/${sha256}`, {}, asking);
  }

  root(version: number): Promise<UpdateAnswer> {
    return ask(`${this.#url}/v1/root/${version}`, 'GET');
  }

  /** Registers, and takes the secret when the server says so. */
  async register(by: 'token' | 'secret', key: string, nonce = makeNonce()): Promise<UpdateAnswer> {
    const change = { nonce };
    const answer = await this.post('/v1/register', { platform: 'linux-tgz', by }, { change, key });
    this.counter = Math.max(
      this.counter,
      Number(/^counter (\d{14})$/m.exec(answer.text)?.[1] ?? 0),
    );
    const serverNonce = /^server-nonce ([0-9a-f]{32})$/m.exec(answer.text)?.[1];
    if (serverNonce !== undefined) {
      const text = `courier-host-secret\n${this.host}\n${nonce}\n${serverNonce}\n`;
      this.secret = hmac(key, text);
    }
    return answer;
  }

  async post(path: string, fields: Fields, asking: Asking = {}): Promise<UpdateAnswer> {
    const body = this.body(path, fields, asking);
    return ask(`${this.#url}${path}`, 'POST', body);
  }

  /** The body of a form; the counter rises. */
  body(path: string, fields: Fields, { change = {}, key, spoil }: Asking = {}): string {
    this.counter += 1;
    const head = {
      host: this.host,
      counter: String(this.counter),
      previous: String(this.previous).padStart(14, '0'),
      nonce: makeNonce(),
    };
    this.previous = this.counter;
    const all: Fields = { ...head, ...fields, ...change };
    const form = Object.entries(all)
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join('&');
    const mac = hmac(key ?? this.secret, `POST\n${path}\n${form}\n`);
    const body = `${form}&mac=${mac}`;
    return spoil === undefined ? body : spoil(body);
  }
}

export function makeNonce(): string {
  return randomBytes(16).toString('hex');
}

function encode(value: string): string {
  return value.replace(
    /[^A-Za-z0-9._~-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** One request on a connection of its own, certificates unchecked as in BusyBox wget. */
export function ask(url: string, method: string, body = ''): Promise<UpdateAnswer> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const headers = method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false, rejectUnauthorized: false };
    const asked = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const all = Buffer.concat(chunks);
        const { statusCode: status = 0, headers: of } = response;
        resolve({ status, headers: of, body: all, text: all.toString('latin1') });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
