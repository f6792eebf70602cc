/** The servers hosts connect to: over TLS and, for a proxy on this machine, without. */

import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { errorCode } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { listen } from '../system/listening.ts';
import { describeShortage, findRoom } from '../system/open-files.ts';
import { answer } from './answering.ts';
import { Connections } from './connections.ts';
import { type Answer, addressOf, addressOfSocket, type Exchange } from './exchange.ts';
import { isMarkedPlain, markPlain } from './extension.ts';
import { RateLimit } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { Settings } from './options.ts';
import { Proxies } from './proxies.ts';
import { Refusal } from './refusal.ts';
import { RefusalLines } from './refusal-lines.ts';
import { makeRouter, type Servers } from './router.ts';
import { listRoutes, type Route } from './routes.ts';
import type { Services } from './services.ts';
import { refuseConnection, toParserRefusal, type Unrouted } from './unparsed.ts';

const largestHeader = 16 * 1024;
/** Between two requests on one connection. */
const keepAliveMs = 5000;
/** How often connections that take too long are looked for. */
const checkingMs = 1000;
/** A socket, and the file of what comes over it. */
const connectionFiles = 2;

/**
 * As many connections as there are descriptors for: one that cannot be accepted is dropped without
 * a word.
 */
function fitConnections(wished: number, log: Logger): number {
  const room = findRoom(connectionFiles);
  if (room.most < wished) log.warn({}, describeShortage(room, wished, 'connections'));
  return Math.min(wished, room.most);
}

/** Lines a minute about connections that never became a request. */
const handshakeLines = 10;

/** Of the listeners without TLS. */
interface PlainPorts {
  readonly plainPort: number | undefined;
  readonly updatesPort: number | undefined;
}

export interface WebServerOptions {
  readonly services: Services;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export class WebServer {
  readonly connections: Connections;
  readonly #services: Services;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #servers: Servers;
  readonly #app: FastifyInstance<Servers['secure']>;
  readonly #handshakeLines: RateLimit;
  readonly #refusalLines: RefusalLines;
  #port = 0;
  #running = 0;
  #isDraining = false;

  constructor({ services, log, metrics }: WebServerOptions) {
    const { settings, clock } = services;
    this.#services = services;
    this.#log = log;
    this.#metrics = metrics;
    this.#handshakeLines = new RateLimit(handshakeLines, clock);
    const refusalLines = new RefusalLines(log, clock);
    this.#refusalLines = refusalLines;
    const proxies = new Proxies(settings.trustedProxy);
    const isProxy = (address: string) => proxies.isTrusted(address);
    const maxConnections = fitConnections(settings.maxConnections, log);
    const limits = { ...settings, maxConnections, isProxy };
    this.connections = new Connections(limits, (why) => this.#tellFull(why));
    this.#servers = makeServers(services);
    this.#watch();
    this.#app = makeRouter(this.#servers, {
      site: settings.site,
      routes: listRoutes(settings.site, () => this.#port),
      handle: (route, exchange) => this.#handle(route, exchange),
      respond: (request, reply, style, work) => {
        const track = () => this.#begin(request.raw.socket);
        const senderOf = (raw: typeof request.raw) => proxies.senderOf(raw);
        const { logUploads: logsRoutine } = settings;
        const noteRefusal = services.refusals.note.bind(services.refusals);
        const settled = { clock, log, refusalLines, metrics, track, senderOf, noteRefusal };
        return answer({ ...settled, logsRoutine }, [request, reply], style, work);
      },
      refuseUnparsed: (error, socket) => this.#refuseUnparsed(error, socket),
    });
  }

  get port(): number {
    return this.#port;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Requests under way. */
  get running(): number {
    return this.#running;
  }

  /**
   * @returns the ports of the listeners without TLS that there are
   * @throws CourierError LOCAL
   */
  async listen({ listen: at, plainListen, updatesPlainListen }: Settings): Promise<PlainPorts> {
    await this.#app.ready();
    const { secure, plain, updates } = this.#servers;
    this.#port = await listen(secure, at);
    return {
      plainPort: plainListen && (await listen(plain, plainListen)),
      updatesPort: updatesPlainListen && (await listen(updates, updatesPlainListen)),
    };
  }

  /** For new connections; sessions made under the old certificates are resumed no more. */
  renewCertificates(): void {
    this.#servers.secure.setSecureContext(this.#services.trust.secureContext);
  }

  /** Takes no new connections; what comes on the old ones is answered with 503. */
  drain(): void {
    this.#isDraining = true;
    for (const server of Object.values(this.#servers)) {
      if (server.listening) server.close();
      server.closeIdleConnections();
    }
  }

  /** Ends whatever is left. */
  close(): void {
    this.drain();
    for (const server of Object.values(this.#servers)) server.closeAllConnections();
    this.connections.closeAll();
  }

  #watch(): void {
    const { secure, plain, updates } = this.#servers;
    updates.on('connection', markPlain);
    for (const server of [secure, plain, updates]) {
      this.connections.watch(server);
      // For example, there is no file descriptor for a new connection; the others go on.
      server.on('error', (error) => this.#tellListener(error));
      server.on('connect', ({ method, url }, socket) => {
        const refusal = new Refusal('wrong-method', 'this is no proxy');
        if (socket instanceof Socket) this.#refuse(socket, refusal, { method, path: url });
      });
    }
    for (const server of [plain, updates]) {
      server.on('clientError', (error, socket) => {
        if (socket instanceof Socket) this.#refuseUnparsed(error, socket);
      });
    }
    secure.on('tlsClientError', (error, socket) => this.#tellHandshake(error, socket));
  }

  #refuseUnparsed(error: Error, socket: Socket): void {
    const { headerTimeout } = this.#services.settings;
    const limits = { headerTimeout, maxHeaderBytes: largestHeader };
    const refusal = toParserRefusal(error, socket, limits);
    if (refusal === undefined) socket.destroy();
    else this.#refuse(socket, refusal);
  }

  #refuse(socket: Socket, refusal: Refusal, known?: Unrouted): void {
    const { connections } = this;
    refuseConnection(
      socket,
      refusal,
      { refusalLines: this.#refusalLines, metrics: this.#metrics, connections },
      known,
    );
  }

  /**
   * A controller that only wants to see our certificate makes a handshake and no request: that is
   * no failure.
   */
  #tellHandshake(error: Error, socket: Socket): void {
    const code = errorCode(error);
    if (code === 'ECONNRESET' || code === 'EPIPE') return;
    this.#metrics.countHandshakeFailure();
    if (this.#handshakeLines.take('all') !== undefined) return;
    const fields = { address: addressOfSocket(socket), cause: error.message.slice(0, 200) };
    this.#log.info(fields, 'TLS handshake failed');
  }

  #tellListener(error: Error): void {
    if (this.#port === 0 || this.#handshakeLines.take('listener') !== undefined) return;
    this.#log.warn({ cause: error.message }, 'a connection could not be taken');
  }

  #tellFull(why: string): void {
    if (this.#handshakeLines.take('full') === undefined) this.#log.warn({}, why);
  }

  #begin(socket: Socket): () => void {
    this.#running += 1;
    const end = this.connections.begin(socket);
    return () => {
      this.#running -= 1;
      end();
    };
  }

  async #handle(route: Route, exchange: Exchange): Promise<Answer> {
    if (this.#isDraining) {
      exchange.response.setHeader('connection', 'close');
      throw new Refusal('draining', 'the receiver is about to end', { retryAfterS: 10 });
    }
    requireWay(route, exchange);
    exchange.isRoutine = route.isRoutine ?? false;
    return route.handle(exchange, this.#services);
  }
}

function makeServers({ settings, trust }: Services): Servers {
  const timeouts = {
    headersTimeout: settings.headerTimeout,
    requestTimeout: Math.max(settings.requestTimeout, settings.headerTimeout),
    connectionsCheckingInterval: checkingMs,
    keepAliveTimeout: keepAliveMs,
    // requireReadable of the router says so, in a line.
    requireHostHeader: false,
    maxHeaderSize: largestHeader,
  };
  const secure = createServer({
    ...trust.secureContext,
    ...timeouts,
    requestCert: true,
    // Clients without a certificate, or with one that does not verify, are judged at each request.
    rejectUnauthorized: false,
    handshakeTimeout: settings.headerTimeout,
  });
  return { secure, plain: createPlainServer(timeouts), updates: createPlainServer(timeouts) };
}

/**
 * Without TLS only a proxy on this machine is accepted: other senders' secrets would cross the
 * network in the clear.
 */
function requireWay({ isPublic, isUpdate }: Route, { request }: Exchange): void {
  if (isMarkedPlain(request.socket)) {
    if (isUpdate) return;
    throw new Refusal('needs-tls', 'only agent updates here, all else over HTTPS');
  }
  if (isPublic || request.socket instanceof TLSSocket) return;
  // The address of the connection counts: what a header says of the sender does not change the way.
  const address = addressOf(request);
  if (address === '::1' || address.startsWith('127.')) return;
  throw new Refusal('forbidden', 'only over HTTPS');
}
