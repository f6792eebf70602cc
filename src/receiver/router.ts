/** The routes on fastify. */

import type * as http from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { quote } from '../faults/errors.ts';
import type { Answer, Exchange } from './exchange.ts';
import { Refusal } from './refusal.ts';
import type { Route, Style } from './routes.ts';

/** Longest host name and what percent-encoding makes of it; fastify's own limit is 100. */
const longestParameter = 1000;

/** Answers one request with what the work comes to; never rejects. */
export type Respond = (
  request: FastifyRequest,
  reply: FastifyReply,
  style: Style,
  work: (exchange: Exchange) => Promise<Answer>,
) => Promise<FastifyReply>;

/** Both servers get their requests answered by the same routes. */
export interface Servers {
  readonly secure: Server;
  readonly plain: http.Server;
  /** Without TLS as well, for agent updates. */
  readonly updates: http.Server;
}

export interface Routing {
  readonly site: string;
  readonly routes: readonly Route[];
  /** Handles a request that has found its route. */
  readonly handle: (route: Route, exchange: Exchange) => Promise<Answer>;
  readonly respond: Respond;
  /** Answers what the parser could not make a request of. */
  readonly refuseUnparsed: (error: Error, socket: Socket) => void;
}

export function makeRouter(servers: Servers, routing: Routing): FastifyInstance<Server> {
  const { routes, site, handle, respond } = routing;
  const app = fastify<Server>({
    serverFactory: (handler) => {
      for (const server of Object.values(servers)) {
        server.on('request', handler);
        // A client that waits for 100 Continue gets it in readBody, when the body is wanted.
        server.on('checkContinue', handler);
        // Any other expectation is refused as all else is: requireReadable.
        server.on('checkExpectation', handler);
      }
      return servers.secure;
    },
    clientErrorHandler: (error, socket) => routing.refuseUnparsed(error, socket),
    routerOptions: { maxParamLength: longestParameter, caseSensitive: true },
    exposeHeadRoutes: false,
    frameworkErrors: (_error, request, reply) => {
      void refuse(new Refusal('bad-request', 'the URL is malformed'), request, reply);
    },
  });
  const refuse = (error: Error, request: FastifyRequest, reply: FastifyReply) =>
    respond(request, reply, styleOf(request), () => Promise.reject(error));
  for (const route of routes) app.all(route.path, unused);
  const byPath = new Map(routes.map((route) => [route.path, route]));
  // As early as there is a route: fastify must not read bodies or judge their types. They are read
  // by the handlers, within their limits, once they know who sends them.
  app.addHook('onRequest', (request, reply) => {
    const route = request.is404 ? undefined : byPath.get(request.routeOptions.url ?? '');
    if (route === undefined) return refuse(findNothing(request.url, site), request, reply);
    return respond(request, reply, route.style, async (exchange) => {
      requireReadable(request.raw);
      requireMethod(route, request, reply);
      return handle(route, exchange);
    });
  });
  app.setErrorHandler<Error>((error, request, reply) => refuse(error, request, reply));
  return app;
}

/** Never called: the hook has answered before. */
async function unused(): Promise<void> {}

/** What Node would refuse without a word (RFC 9110, 7.2 and 10.1.1). */
function requireReadable({ headers, httpVersion }: IncomingMessage): void {
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new Refusal('bad-request', 'the header Host is missing');
  }
  const { expect } = headers;
  if (expect === undefined || expect.toLowerCase() === '100-continue') return;
  throw new Refusal('unknown-expectation', `Expect may be 100-continue, not ${quote(expect)}`);
}

function requireMethod({ methods }: Route, request: FastifyRequest, reply: FastifyReply): void {
  if (methods.includes(request.method)) return;
  reply.header('allow', methods.join(', '));
  throw new Refusal('wrong-method', `only ${methods.join(' and ')} here`);
}

/** The parts of our URLs that have the site in front. */
const belowSite = /^\/([^/?]+)\/(?:agent-receiver|v1|check_mk)(?:[/?]|$)/;

/** A path without a route; a client with a wrong site name is told the right one. */
function findNothing(url: string, site: string): Refusal {
  const [, named = site] = belowSite.exec(url) ?? [];
  if (named === site) return new Refusal('not-found', 'there is nothing here');
  return new Refusal('not-found', `the site is ${site} here, not ${quote(named)}`);
}

/** Clients of paths below agent-receiver read JSON. */
function styleOf({ url }: FastifyRequest): Style {
  return /^\/[^/]+\/agent-receiver(?:\/|$)/.test(url) ? 'detail' : 'line';
}
