/** Every path of the page: who may ask for it, and what is answered. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../logging/log.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import type { Gate, Visitor } from '../access/who.ts';
import type { PageActions } from '../actions.ts';
import { parseView, toViewKey, type View } from '../fleet/views.ts';
import type { Live } from '../live.ts';
import type { Document } from '../model.ts';
import type { PageSettings } from '../options.ts';
import type { Asset, Pages } from '../page-contract.ts';
import { html, json, pack, redirect, send, setSafeguards, wantsJson } from './answer.ts';
import { readForm } from './form.ts';
import { describeNotice } from './notices.ts';
import { asPageRefusal, PageRefusal } from './refusal.ts';
import { isFromOwnPage, isMeantForUs } from './request-checks.ts';

export interface SiteSettings {
  readonly page: PageSettings;
  readonly gate: Gate;
  readonly live: Live;
  readonly actions: PageActions;
  readonly pages: Pages;
  /** Why a host that is not shown here is left to another program; undefined for all others. */
  readonly whyLeft: (host: HostName) => Promise<string | undefined>;
  readonly make: (view: View) => Promise<Document | undefined>;
  readonly log: Logger;
}

/** A request and what is answered to it. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Below where the page is mounted, beginning with a slash. */
  readonly path: string;
  readonly search: string;
}

export class Site {
  readonly #settings: SiteSettings;
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #told = new Set<string>();

  constructor(settings: SiteSettings) {
    this.#settings = settings;
    this.#assets = new Map(settings.pages.assets.map((asset) => [`/assets/${asset.name}`, asset]));
  }

  /** Never throws: what goes wrong is answered, and logged when it is our fault. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    response.on('error', () => undefined);
    setSafeguards(response);
    this.#answer(request, response).catch(async (thrown: unknown) => {
      await this.#refuse(request, response, asPageRefusal(thrown));
    });
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { page } = this.#settings;
    const isProxied = page.at?.kind === 'unix';
    if (!isProxied && !isMeantForUs(request, page.hostNames)) {
      throw new PageRefusal(421, 'this server is not called so; --status-host names it');
    }
    const [path = '', ...rest] = (request.url ?? '').split('?');
    const search = rest.length === 0 ? '' : `?${rest.join('?')}`;
    if (`${path}/` === page.basePath) return redirect(response, page.basePath);
    if (!path.startsWith(page.basePath)) throw notThere();
    const exchange = { request, response, path: path.slice(page.basePath.length - 1), search };
    if (request.method === 'GET' || request.method === 'HEAD') return this.#get(exchange);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'GET, HEAD, POST');
      throw new PageRefusal(405, 'only GET, HEAD and POST');
    }
    if (!isFromOwnPage(request, isProxied)) {
      throw new PageRefusal(403, 'this was not asked for by a page of this server');
    }
    return this.#post(exchange);
  }

  async #get(exchange: Exchange): Promise<void> {
    const { request, response, path, search } = exchange;
    const { gate, live, make } = this.#settings;
    const asset = this.#assets.get(path);
    if (asset !== undefined) return sendAsset(request, response, asset);
    const visitor = await gate.identify(request);
    if (visitor === undefined) gate.takeOfStranger(request);
    if (path === '/login') return this.#showLogin(exchange, visitor);
    if (visitor === undefined) return this.#askToLogIn(exchange);
    if (path === '/api/events') {
      if (request.method === 'HEAD') throw new PageRefusal(405, 'live views are only for GET');
      const view = parseView(new URLSearchParams(search).get('view') ?? '/');
      if (view === undefined) throw notThere();
      const lastEventId = request.headers['last-event-id'];
      const problem = await live.open(view, {
        response,
        session: visitor.session?.digest ?? visitor.user,
        isAllowed: () => gate.isStillIn(visitor),
        lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
      });
      if (problem === 'busy') throw new PageRefusal(503, 'too many live views are open');
      if (problem === 'unknown') throw notThere();
      return;
    }
    const isApi = path.startsWith('/api/');
    const view = parseView(`${toViewPath(path)}${search}`);
    const document = view && (await make(view));
    if (view === undefined || document === undefined) throw await this.#notThere(view);
    if (isApi)
      return send(request, response, { status: 200, type: json, text: JSON.stringify(document) });
    const text = this.#render(document, view, visitor, search);
    return send(request, response, { status: 200, type: html, text });
  }

  /** A host that another program asks is there, but not here. */
  async #notThere(view: View | undefined): Promise<PageRefusal> {
    const host = view?.kind === 'host' && isHostName(view.host) ? view.host : undefined;
    const why = host && (await this.#settings.whyLeft(host));
    return why === undefined ? notThere() : new PageRefusal(404, why);
  }

  #render(document: Document, view: View, { user, session }: Visitor, search: string): string {
    const { page, pages } = this.#settings;
    const notice = describeNotice(new URLSearchParams(search).get('notice') ?? '');
    return pages.render(document, {
      ...{ basePath: page.basePath, user, canLogOut: session !== undefined },
      view: toViewKey(view),
      ...(notice === undefined ? {} : { notice }),
    });
  }

  async #post(exchange: Exchange): Promise<void> {
    const { request, response, path } = exchange;
    const { gate, page } = this.#settings;
    const form = await readForm(request);
    if (path === '/login') return this.#logIn(exchange, form);
    const visitor = await gate.identify(request);
    if (visitor === undefined) throw new PageRefusal(401, 'log in first');
    if (path === '/logout') {
      await gate.logOut(visitor, request, response);
      return redirect(
        response,
        page.userHeader === undefined ? `${page.basePath}login` : page.basePath,
      );
    }
    const view = parseView(path.replace(/^\/api(\/host\/[^/]+)\/(?:fetch|doctor)$/, '$1'));
    const action = /\/(fetch|doctor)$/.exec(path)?.[1];
    if (view?.kind !== 'host' || action === undefined) throw notThere();
    const notice = await this.#settings.actions.run(action, view.host, visitor.user);
    if (wantsJson(request)) {
      const text = JSON.stringify({ message: describeNotice(notice) });
      return send(request, response, { status: 202, type: json, text });
    }
    return redirect(response, `${page.basePath}${toViewKey(view).slice(1)}?notice=${notice}`);
  }

  async #logIn({ request, response }: Exchange, form: URLSearchParams): Promise<void> {
    const { gate, page, pages } = this.#settings;
    const next = toNext(form.get('next') ?? '');
    try {
      await gate.logIn((form.get('token') ?? '').trim(), request, response);
    } catch (thrown) {
      const { status, message } = asPageRefusal(thrown);
      if (status === 500) throw thrown;
      const text = pages.renderLogin({ basePath: page.basePath, next, problem: message });
      return send(request, response, { status, type: html, text });
    }
    redirect(response, `${page.basePath}${next.slice(1)}`);
  }

  #showLogin(
    { request, response, search }: Exchange,
    visitor: Visitor | undefined,
  ): Promise<void> | void {
    const { page, pages } = this.#settings;
    const next = toNext(new URLSearchParams(search).get('next') ?? '');
    if (visitor !== undefined) return redirect(response, `${page.basePath}${next.slice(1)}`);
    const text = pages.renderLogin({ basePath: page.basePath, next });
    return send(request, response, { status: 200, type: html, text });
  }

  #askToLogIn({ request, response, path, search }: Exchange): void {
    const isPage = !path.startsWith('/api/') && !wantsJson(request);
    if (!isPage || parseView(`${path}${search}`) === undefined)
      throw new PageRefusal(401, 'log in first');
    const next = new URLSearchParams({ next: `${path}${search}` });
    redirect(response, `${this.#settings.page.basePath}login?${next}`);
  }

  async #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    refusal: PageRefusal,
  ): Promise<void> {
    const { page, pages, log } = this.#settings;
    const { status, message, cause } = refusal;
    if (status === 500) this.#tell(cause instanceof Error ? cause.message : message, log);
    // What is left of a body that nobody reads is not to be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    if (response.headersSent) return void response.destroy();
    try {
      // What is refused to a flood costs next to nothing.
      const isPlain = status === 429 || this.#settings.gate.isCrowded(request);
      const isApi = isPlain || wantsJson(request) || (request.url ?? '').includes('/api/');
      const text = isApi
        ? JSON.stringify({ message })
        : pages.renderProblem(status, message, { basePath: page.basePath });
      await send(request, response, { status, type: isApi ? json : html, text });
    } catch {
      response.destroy();
    }
  }

  /** Each trouble once: a browser that asks again and again must not fill the log. */
  #tell(message: string, log: Logger): void {
    if (this.#told.has(message) || this.#told.size >= 100) return;
    this.#told.add(message);
    log.warn({}, `status page: ${message}`);
  }
}

function notThere(): PageRefusal {
  return new PageRefusal(404, 'there is no such page, or no such host');
}

/** Documents are at the same paths as pages. */
function toViewPath(path: string): string {
  if (path === '/api/fleet') return '/';
  return path.startsWith('/api/') ? path.slice('/api'.length) : path;
}

/** Only to a view of ours. */
function toNext(next: string): string {
  const view = parseView(next);
  return view === undefined ? '/' : toViewKey(view);
}

const packedAssets = new WeakMap<Buffer, Promise<Buffer>>();

function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  { type, bytes }: Asset,
): Promise<void> {
  // Asked for by anybody: packed once.
  const packed = () => {
    const known = packedAssets.get(bytes) ?? pack(bytes);
    packedAssets.set(bytes, known);
    return known;
  };
  // Its name changes with its content.
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  const text = bytes.toString();
  return send(request, response, { status: 200, type: `${type}; charset=utf-8`, text, packed });
}
