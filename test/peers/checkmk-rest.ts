/**
 * A site's REST API as far as we use it, as strict as the real ones of 2.3 to 2.5: it knows its
 * users, refuses fields it does not know, keeps rules in order, wants an ETag where they do, and
 * tells literals in Python's own way (rest-api.md#rules).
 */

import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HostsApi } from './checkmk-rest-hosts.ts';
import { RulesApi } from './checkmk-rest-rules.ts';

/** What a handler makes of a request. */
export interface Answer {
  readonly status: number;
  readonly content?: object;
  readonly etag?: string;
  /** In place of JSON. */
  readonly html?: string;
}

export interface Request {
  readonly method: string;
  /** Below the base, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly ifMatch: string | undefined;
  readonly user: string;
}

export interface Change {
  readonly user_id: string | null;
  readonly text: string;
}

export interface SiteSettings {
  readonly version?: string;
  readonly edition?: string;
}

/** An error as the API tells it. */
export function problem(status: number, title: string, detail: string, fields?: object): Answer {
  return {
    status,
    content: { title, status, detail, ...(fields === undefined ? {} : { fields }) },
  };
}

/** Refuses what it does not know, and what is missing. */
export function checkFields(
  body: Readonly<Record<string, unknown>>,
  required: readonly string[],
  optional: readonly string[],
): Answer | undefined {
  const missing = required.filter((name) => !Object.hasOwn(body, name));
  const unknown = Object.keys(body).filter((name) => ![...required, ...optional].includes(name));
  if (missing.length + unknown.length === 0) return undefined;
  const fields = Object.fromEntries([
    ...missing.map((name) => [name, ['Missing data for required field.']]),
    ...unknown.map((name) => [name, ['Unknown field.']]),
  ]);
  return problem(400, 'Bad Request', 'These fields have problems', fields);
}

export function toEtag(state: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(state)).digest('hex')}"`;
}

/** What Python makes of a literal: its own way to write it, or undefined when it is none. */
export function toRepr(literal: string): string | undefined {
  const program = 'import ast,sys; sys.stdout.write(ascii(ast.literal_eval(sys.stdin.read())))';
  const { status, stdout } = spawnSync('python3', ['-I', '-c', program], {
    input: literal,
    encoding: 'utf8',
  });
  return status === 0 ? stdout : undefined;
}

export class FakeSite {
  readonly users = new Map([['automation', 'not-so-secret']]);
  /** In the words of Checkmk. */
  readonly permissions = new Set([
    'wato.edit',
    'wato.rulesets',
    'wato.manage_hosts',
    'wato.activate',
  ]);
  readonly folders = new Set(['/', '/web', '/web/prod', '/pushed']);
  changes: Change[] = [];
  readonly activated: Change[][] = [];
  /** How often an activation is asked for before it has ended. */
  activationRounds = 1;
  readonly rules = new RulesApi(this);
  readonly hosts = new HostsApi(this);
  /** `METHOD path`, all there were. */
  readonly asked: string[] = [];
  /** Answers in place of the site's own; undefined: the site's own. */
  interfere: (request: Request) => Answer | undefined = () => undefined;
  readonly version: string;
  readonly edition: string;
  #running = 0;

  constructor({ version = '2.4.0p14', edition = 'cre' }: SiteSettings = {}) {
    this.version = version;
    this.edition = edition;
  }

  note(user: string, text: string): void {
    this.changes.push({ user_id: user, text });
  }

  answer(request: Request): Answer {
    this.asked.push(`${request.method} ${request.path}`);
    const { method, path } = request;
    const own = this.interfere(request) ?? this.rules.answer(request) ?? this.hosts.answer(request);
    if (own !== undefined) return own;
    if (method === 'GET' && path === '/domain-types/activation_run/collections/pending_changes') {
      const value = this.changes.map((change) => ({
        id: randomUUID(),
        action_name: 'edit',
        ...change,
      }));
      return { status: 200, content: { domainType: 'activation_run', value }, etag: toEtag(value) };
    }
    if (path === '/domain-types/activation_run/actions/activate-changes/invoke') {
      return this.#activate(request);
    }
    if (path.startsWith('/objects/activation_run/')) return this.#tellRun();
    return problem(404, 'Not Found', 'The requested URL was not found on the server.');
  }

  #activate({ body, ifMatch, user }: Request): Answer {
    const wrong = checkFields(body, [], ['redirect', 'sites', 'force_foreign_changes']);
    if (wrong !== undefined) return wrong;
    if (ifMatch === undefined) return problem(428, 'Precondition required', 'If-Match is missing');
    if (!this.permissions.has('wato.activate')) return problem(403, 'Forbidden', 'wato.activate');
    if (this.changes.length === 0) {
      return problem(422, 'Unprocessable Entity', 'There are no changes to be activated.');
    }
    if (
      this.changes.some(({ user_id }) => user_id && user_id !== user) &&
      !body['force_foreign_changes']
    ) {
      return problem(409, 'Conflict', 'There are changes from other users.');
    }
    this.activated.push(this.changes);
    this.changes = [];
    this.#running = this.activationRounds;
    return { status: 200, content: { id: randomUUID(), extensions: { is_running: true } } };
  }

  #tellRun(): Answer {
    this.#running -= 1;
    return { status: 200, content: { id: 'x', extensions: { is_running: this.#running > 0 } } };
  }
}

/** Starts a web server for a site that ends with the test; resolves with its URL. */
export async function serveSite(
  site: FakeSite,
  owner: { after(cleanUp: () => Promise<void>): void },
): Promise<string> {
  const server = createServer((request, response) => {
    void respond(site, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owner.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/mysite`;
}

const base = '/mysite/check_mk/api/1.0';

async function respond(
  site: FakeSite,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const answer = judge(site, request, Buffer.concat(pieces).toString());
  response.setHeader('X-Checkmk-Version', site.version);
  response.setHeader('X-Checkmk-Edition', site.edition);
  if (answer.etag !== undefined) response.setHeader('ETag', answer.etag);
  const isProblem = answer.status >= 400;
  const type = isProblem ? 'application/problem+json' : 'application/json';
  response.writeHead(answer.status, {
    'content-type': answer.html === undefined ? type : 'text/html',
  });
  response.end(answer.html ?? (answer.content === undefined ? '' : JSON.stringify(answer.content)));
}

function judge(site: FakeSite, request: IncomingMessage, text: string): Answer {
  const url = new URL(request.url ?? '', 'http://site');
  if (!url.pathname.startsWith(`${base}/`)) return { status: 404, html: '<h1>Not Found</h1>' };
  const [scheme, user = '', secret] = (request.headers.authorization ?? '').split(' ');
  if (scheme !== 'Bearer' || site.users.get(user) !== secret) {
    return problem(401, 'Unauthorized', 'Wrong credentials (Bearer header)');
  }
  if (request.headers.accept !== 'application/json')
    return problem(406, 'Not Acceptable', 'Accept');
  const hasBody = request.method === 'POST' || request.method === 'PUT';
  if (hasBody && request.headers['content-type'] !== 'application/json') {
    return problem(415, 'Unsupported Media Type', 'Content-Type is missing');
  }
  return site.answer({
    method: request.method ?? '',
    path: url.pathname.slice(base.length),
    query: url.searchParams,
    body: hasBody ? JSON.parse(text) : {},
    ifMatch: request.headers['if-match'],
    user,
  });
}
