/** Plain upload: `PUT /v1/hosts/<host>/agent-output` with whatever can send a file over HTTPS. */

import { type Answer, type Exchange, noContent } from './exchange.ts';
import type { Unpack } from './intake.ts';
import { readPart } from './multipart.ts';
import { parseProducedAt } from './produced-at.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './services.ts';
import { confirmWriter, identifyWriter, parseHostOfPath, requireHost } from './writer.ts';

/** Answers 204 when the output is safe. */
export async function uploadOutput(exchange: Exchange, services: Services): Promise<Answer> {
  const writer = await identifyWriter(exchange, services);
  exchange.note.by = writer.name;
  const host = parseHostOfPath(exchange.params['host'] ?? '');
  exchange.note.host = host;
  requireHost(writer, host);
  const { headers } = exchange.request;
  const sender = {
    name: writer.name,
    host,
    confirm: async () => (await confirmWriter(host, exchange, services)).piggyback,
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

type Headers = Exchange['request']['headers'];

const encodings = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'zlib',
  zstd: 'zstd',
} as const;

/**
 * What Content-Encoding (RFC 9110 8.4) or, as agent controllers have it, `compression` says; the
 * compression of the file itself shows in its first bytes.
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
