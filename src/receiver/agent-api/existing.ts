/** Registration of hosts by somebody who may (agent-receiver.md#registration). */

import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import { type Answer, type Exchange, jsonAnswer, noContent } from '../exchange.ts';
import type { Services } from '../services.ts';
import type { Access } from '../state/accesses.ts';
import { authorise, countFailures, nameOf, requireHost } from './authorising.ts';
import { checkSigningRequest, sign } from './certificates.ts';
import { readJson } from './json-body.ts';
import { linkHost, parseHost, requireFreeUuid } from './linking.ts';
import { requireTakeOver } from './take-over.ts';

export const uuidField = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine(isHostUuid, 'must be a version 4 UUID');

const registration = z.object({ uuid: uuidField, csr: z.string(), host_name: z.string() });
const pairing = z.object({ csr: z.string() });
const naming = z.object({ uuid: uuidField, host_name: z.string() });

const byUser = { kinds: ['user'], right: 'existing' } as const;
const byToken = { kinds: ['registration'], right: 'existing' } as const;

/** `register_existing`, with user and password. */
export async function registerExisting(exchange: Exchange, services: Services): Promise<Answer> {
  const access = await authorise(exchange, services, byUser);
  return countFailures(exchange, access, services, () => register(exchange, services, access));
}

/** `register_existing_token`, with a token that is used up when it has worked. */
export async function registerWithToken(exchange: Exchange, services: Services): Promise<Answer> {
  const access = await authorise(exchange, services, byToken);
  return countFailures(exchange, access, services, () => register(exchange, services, access));
}

async function register(exchange: Exchange, services: Services, access: Access): Promise<Answer> {
  const { uuid, csr, host_name } = await readJson(exchange, registration, services.settings);
  const host = parseHost(host_name);
  exchange.note.host = host;
  requireHost(access, host);
  const request = await checkSigningRequest(csr, uuid);
  await requireFreeUuid(uuid, host, services);
  const by = nameOf(access);
  const asking = { uuid, host, access, by, csr };
  const { done, ...takeOver } = await requireTakeOver(asking, exchange, services);
  const signed = await sign(request, services);
  const { mode, piggyback } = access;
  const link = { uuid, host, mode, piggyback, access, certificates: [signed], ...takeOver };
  await linkHost(link, exchange, services);
  await done();
  return jsonAnswer({
    root_cert: services.trust.store.rootCert,
    agent_cert: signed.certificate,
    connection_mode: mode,
  });
}

/** `pairing`, the first of two steps of 2.1: a certificate, but no host yet. */
export async function pair(exchange: Exchange, services: Services): Promise<Answer> {
  const access = await authorise(exchange, services, byUser);
  return countFailures(exchange, access, services, async () => {
    const { csr } = await readJson(exchange, pairing, services.settings);
    const request = await checkSigningRequest(csr);
    await requireFreeUuid(request.uuid, undefined, services);
    const { certificate } = await sign(request, services);
    return jsonAnswer({ root_cert: services.trust.store.rootCert, client_cert: certificate });
  });
}

/** `register_with_hostname`, the second of them. */
export async function nameHost(exchange: Exchange, services: Services): Promise<Answer> {
  const access = await authorise(exchange, services, byUser);
  return countFailures(exchange, access, services, async () => {
    const { uuid, host_name } = await readJson(exchange, naming, services.settings);
    const host = parseHost(host_name);
    exchange.note.host = host;
    requireHost(access, host);
    const by = nameOf(access);
    const asking = { uuid, host, access, by, csr: '' };
    const { done, ...takeOver } = await requireTakeOver(asking, exchange, services);
    const { mode, piggyback } = access;
    const link = { uuid, host, mode, piggyback, access, certificates: [], ...takeOver };
    await linkHost(link, exchange, services);
    await done();
    return noContent;
  });
}
