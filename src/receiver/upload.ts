/** Plain upload: `PUT /v1/hosts/<host>/agent-output` with whatever can send a file over HTTPS. */

import { type HostName, parseHostName } from '../names/host-name.ts';
import { type Answer, type Exchange, noContent } from './exchange.ts';
import type { Unpack } from './intake.ts';
import { readPart } from './multipart.ts';
import { matchesPattern } from './patterns.ts';
import { parseProducedAt } from './produced-at.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './services.ts';
import { allPiggyback } from './state/hosts.ts';

/** Somebody known, and for whom it may write. */
interface Writer {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly piggyback: readonly string[];
}

/** Answers 204 when the output is safe. */
export async function uploadOutput(exchange: Exchange, services: Services): Promise<Answer> {
  const writer = await identify(exchange, services);
  exchange.note.by = writer.name;
  const host = parseHost(exchange.params['host'] ?? '');
  exchange.note.host = host;
  requireHost(writer, host);
  const { headers } = exchange.request;
  const sender = {
    name: writer.name,
    host,
    confirm: async () => {
      const now = await identify(exchange, services);
      requireHost(now, host);
      return now.piggyback;
    },
    origin: `upload ${writer.name}`,
    producedAt: parseProducedAt(
      headers['x-produced-at'],
      services.clock.now(),
      services.settings.maxSkew,
    ),
  };
  await services.intake.receive(exchange, sender, toUnpack(headers));
  return noContent;
}

function requireHost({ hosts }: Writer, host: HostName): void {
  if (matchesPattern(host, hosts)) return;
  throw new Refusal('forbidden', 'not allowed to write for this host');
}

/** An unknown client learns neither whether the host exists nor whether its name is valid. */
async function identify(exchange: Exchange, services: Services): Promise<Writer> {
  const { request, address } = exchange;
  const { authorization } = request.headers;
  if (authorization === undefined && services.trust.hasCertificate(request.socket)) {
    return identifyByCertificate(exchange, services);
  }
  const kinds = ['user', 'upload'] as const;
  const access = await services.credentials.authenticate(authorization, address, kinds);
  if (!access.rights.includes('upload')) {
    throw new Refusal('forbidden', 'not allowed to upload');
  }
  return {
    name: `${access.kind === 'user' ? 'user' : 'token'} ${access.id}`,
    hosts: access.hosts,
    piggyback: [...access.hosts, ...access.piggyback],
  };
}

async function identifyByCertificate(exchange: Exchange, services: Services): Promise<Writer> {
  const certificate = await services.trust
    .requireCertificate(exchange.request.socket)
    .catch((error) => {
      if (error instanceof Refusal)
        throw new Refusal('unauthenticated', error.message, { cause: error });
      throw error;
    });
  const registered = await services.state.hosts.byUuid(certificate.uuid);
  if (registered === undefined) {
    throw new Refusal('unauthenticated', 'the client certificate belongs to no registered host');
  }
  return {
    name: `certificate ${certificate.uuid}`,
    // A registered name is no pattern: it has no star.
    hosts: [registered.host],
    piggyback: allPiggyback(registered),
  };
}

function parseHost(text: string): HostName {
  try {
    return parseHostName(text);
  } catch (error) {
    throw new Refusal('bad-request', 'the host in the path is no name Checkmk accepts', {
      cause: error,
    });
  }
}

type Headers = Exchange['request']['headers'];

const encodings = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'zlib',
  zstd: 'zstd',
} as const;

/**
 * What Content-Encoding (RFC 9110 8.4) or, as agent controllers have it, `compression` says; what
 * is in a file shows in its first bytes, too.
 */
function toUnpack(headers: Headers): Unpack {
  const encoding = (headers['content-encoding'] ?? headers['compression'] ?? 'identity').toString();
  const layer = findLayer(encoding.trim().toLowerCase());
  const type = headers['content-type'];
  const isForm = /^multipart\/form-data\b/i.test(type ?? '');
  return async (body, unpacker) => {
    const packed = isForm ? readPart(body, type, 'monitoring_data') : body;
    return unpacker.unwrap(layer === undefined ? packed : await unpacker.inflate(packed, layer));
  };
}

function findLayer(encoding: string): 'gzip' | 'zlib' | 'zstd' | undefined {
  if (encoding === 'identity' || encoding === '') return undefined;
  if (encoding === 'zlib') return 'zlib';
  const known = Object.entries(encodings).find(([name]) => name === encoding);
  if (known !== undefined) return known[1];
  throw new Refusal('unknown-encoding', 'the body must be plain, gzip, deflate or zstd');
}
