/** The routes on fastify. */

import type * as http from 'node:http';
import type { Server } from 'node:https';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
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
}

export interface Routing {
  readonly routes: readonly Route[];
  /** Handles a request that has found its route. */
  readonly handle: (route: Route, exchange: Exchange) => Promise<Answer>;
  readonly respond: Respond;
}

export function makeRouter(servers: Servers, routing: Routing): FastifyInstance<Server> {
  const { routes, handle, respond } = routing;
  const app = fastify<Server>({
    serverFactory: (handler) => {
      for (const server of [servers.secure, servers.plain]) {
        server.on('request', handler);
        // Whoever waits to be told to go on is told when the body is wanted: readBody.
        server.on('checkContinue', handler);
      }
      return servers.secure;
    },
    routerOptions: { maxParamLength: longestParameter, caseSensitive: true },
    exposeHeadRoutes: false,
    frameworkErrors: (_error, request, reply) => {
      void refuse(new Refusal('bad-request', 'the URL is malformed'), request, reply);
    },
  });
  const refuse = (error: Error, request: FastifyRequest, reply: FastifyReply) =>
    respond(request, reply, styleOf(request), () => Promise.reject(error));
  app.removeAllContentTypeParsers();
  // Bodies are read by the handlers, within their limits, once they know who sends them.
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  for (const route of routes) {
    app.all(route.path, (request, reply) =>
      respond(request, reply, route.style, async (exchange) => {
        requireMethod(route, request, reply);
        return handle(route, exchange);
      }),
    );
  }
  app.setNotFoundHandler((request, reply) =>
    refuse(new Refusal('not-found', 'there is nothing here'), request, reply),
  );
  app.setErrorHandler<Error>((error, request, reply) => refuse(error, request, reply));
  return app;
}

function requireMethod({ methods }: Route, request: FastifyRequest, reply: FastifyReply): void {
  if (methods.includes(request.method)) return;
  reply.header('allow', methods.join(', '));
  throw new Refusal('wrong-method', `only ${methods.join(' and ')} here`);
}

/** Whoever asks below agent-receiver reads JSON. */
function styleOf({ url }: FastifyRequest): Style {
  return /^\/[^/]+\/agent-receiver(?:\/|$)/.test(url) ? 'detail' : 'line';
}
