/**
 * What registered agents ask for, each with its certificate (agent-receiver.md#push-and-renewal).
 */

import { z } from 'zod';
import { parseHostName } from '../../names/host-name.ts';
import { type Answer, type Exchange, jsonAnswer, noContent } from '../exchange.ts';
import { readPart } from '../multipart.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { allPiggyback, type RegisteredHost } from '../state/hosts.ts';
import { checkSigningRequest, sign } from './certificates.ts';
import { readJson } from './json-body.ts';

const renewal = z.object({ csr: z.string() });

/** The UUID of the certificate, which must be that of the path. */
async function identify(exchange: Exchange, services: Services): Promise<string> {
  const { uuid } = await services.trust.requireCertificate(exchange.request.socket);
  exchange.note.by = `certificate ${uuid}`;
  if (exchange.params['uuid'] === uuid) return uuid;
  throw new Refusal('other-uuid', 'the certificate is that of another UUID');
}

async function requireRegistered(
  uuid: string,
  exchange: Exchange,
  { state }: Services,
): Promise<RegisteredHost> {
  const registered = await state.hosts.byUuid(uuid);
  if (registered === undefined) {
    throw notRegistered();
  }
  exchange.note.host = registered.host;
  return registered;
}

function notRegistered(): Refusal {
  return new Refusal('not-registered', 'this UUID is not registered; register the host again');
}

/** `agent_data`: exactly 204 when the output is safe. */
export async function receiveAgentData(exchange: Exchange, services: Services): Promise<Answer> {
  const uuid = await identify(exchange, services);
  const registered = await requireRegistered(uuid, exchange, services);
  const { host, mode } = registered;
  if (mode !== 'push-agent') throw new Refusal('forbidden', 'this host is not registered for push');
  const { headers } = exchange.request;
  const { compression } = headers;
  if (compression === undefined) throw new Refusal('invalid', 'the header compression is missing');
  if (compression !== 'zlib') throw new Refusal('bad-request', 'compression must be zlib');
  const sender = {
    name: `certificate ${uuid}`,
    host: parseHostName(host),
    confirm: async () => {
      await identify(exchange, services);
      const now = await requireRegistered(uuid, exchange, services);
      if (now.host !== host) throw notRegistered();
      return allPiggyback(now);
    },
    origin: `agent-controller ${uuid}`,
    producedAt: undefined,
  };
  await services.intake.receive(exchange, sender, (body, unpacker) =>
    unpacker.inflate(readPart(body, headers['content-type'], 'monitoring_data'), 'zlib'),
  );
  return noContent;
}

/** `renew_certificate`: a further certificate; the one before stays good. */
export async function renewCertificate(exchange: Exchange, services: Services): Promise<Answer> {
  const uuid = await identify(exchange, services);
  await requireRegistered(uuid, exchange, services);
  requireRarity(uuid, services);
  const { csr } = await readJson(exchange, renewal, services.settings);
  const request = await checkSigningRequest(csr, uuid);
  const { certificate, serial, notAfter } = await sign(request, services);
  const added = { serial, notAfter };
  // Revoked while it was signed: what was just made must not be given away.
  const { state, trust, clock } = services;
  const { serial: using } = await trust.requireCertificate(exchange.request.socket);
  const revoke = (serials: readonly string[]) => trust.revoke(serials, uuid);
  if (!(await state.hosts.addCertificate(uuid, added, { now: clock.now(), using, revoke }))) {
    throw notRegistered();
  }
  return jsonAnswer({ agent_cert: certificate });
}

/**
 * A host renews once in months; one that renews all the time is out of order, and costs signatures.
 */
function requireRarity(uuid: string, { renewals }: Services): void {
  const retryAfterS = renewals.take(uuid);
  if (retryAfterS === undefined) return;
  const message = `too many renewals of this host, come again in ${retryAfterS}s`;
  throw new Refusal('too-many', message, { retryAfterS });
}

/** `registration_status_v2`: `NotRegistered` is what makes a controller register by itself again. */
export async function tellStatus(exchange: Exchange, services: Services): Promise<Answer> {
  const uuid = await identify(exchange, services);
  const registered = await services.state.hosts.byUuid(uuid);
  if (registered === undefined) return jsonAnswer({ status: 'NotRegistered' });
  const { host, mode } = registered;
  exchange.note.host = host;
  return jsonAnswer({ status: 'Registered', hostname: host, connection_mode: mode });
}

const statusWords = { new: 'new', allowed: 'discoverable', declined: 'declined' } as const;

/** `registration_status`, as controllers of 2.1 ask. */
export async function tellOldStatus(exchange: Exchange, services: Services): Promise<Answer> {
  const uuid = await identify(exchange, services);
  const registered = await services.state.hosts.byUuid(uuid);
  const request = await services.state.requests.byUuid(uuid);
  if (registered === undefined && request === undefined) {
    throw new Refusal('not-found', 'this UUID is not registered');
  }
  const mode = registered?.mode ?? null;
  return jsonAnswer({
    hostname: registered?.host ?? null,
    status: request === undefined ? null : statusWords[request.state],
    connection_mode: mode,
    message: request?.reason ?? null,
    type: mode,
  });
}

/** `agent_update/status`: there is never another agent to install. */
export async function tellAgentUpdate(exchange: Exchange, services: Services): Promise<Answer> {
  await identify(exchange, services);
  return jsonAnswer({ target_agent: null });
}
