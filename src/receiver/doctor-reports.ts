/** `PUT /v1/hosts/<host>/doctor`: what courier-doctor says on a host that nobody can reach. */

import { largestReportBytes, parseHostReport } from '../doctor/report/host-report.ts';
import type { HostName } from '../names/host-name.ts';
import { readBody } from './body.ts';
import { type Answer, type Exchange, noContent } from './exchange.ts';
import { Budget } from './limits.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './services.ts';
import { identifyWriter, parseHostOfPath, requireHost } from './writer.ts';

/** All of these bodies together. */
const memory = new Budget(32 * largestReportBytes);

/**
 * Answers 204 when the report is kept, in the place of the one before. Only reports of known hosts
 * are kept: otherwise the holder of a token for a pattern could fill the disk.
 */
export async function takeReport(exchange: Exchange, services: Services): Promise<Answer> {
  const writer = await identifyWriter(exchange, services);
  exchange.note.by = writer.name;
  const host = parseHostOfPath(exchange.params['host'] ?? '');
  exchange.note.host = host;
  requireHost(writer, host);
  requirePlain(exchange);
  await requireKnown(host, services);
  const retryAfterS = services.reports.take(`${writer.name} ${host}`);
  if (retryAfterS !== undefined) {
    throw new Refusal('too-many', 'too many reports a minute', { retryAfterS });
  }
  const report = await readReport(exchange, host, services);
  // The sender's access may have been revoked while the body arrived.
  requireHost(await identifyWriter(exchange, services), host);
  const receivedAt = new Date(services.clock.now()).toISOString();
  await services.state.reports.keep({ host, receivedAt, receivedBy: writer.name, report });
  return noContent;
}

function requirePlain({ request }: Exchange): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return;
  throw new Refusal('unknown-encoding', 'a report must not be compressed');
}

async function requireKnown(host: HostName, { state, hasOutput }: Services): Promise<void> {
  if (hasOutput(host) || (await state.hosts.byName(host)) !== undefined) return;
  const what = 'this host is neither registered nor has it ever sent output';
  throw new Refusal('not-registered', what);
}

async function readReport(exchange: Exchange, host: HostName, { settings }: Services) {
  const { requestTimeout: deadlineMs, stallTimeout: stallMs } = settings;
  const limits = { maxBytes: largestReportBytes, deadlineMs, stallMs };
  const body = await readBody(exchange, limits, memory);
  try {
    exchange.note.bytes = body.bytes.length;
    return parseHostReport(body.bytes, host);
  } finally {
    body.release();
  }
}
