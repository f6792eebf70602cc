/** Registration of hosts by somebody who may (agent-receiver.md#registration). */

import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import { type Answer, type Exchange, jsonAnswer, noContent } from '../exchange.ts';
import { matchesPattern } from '../patterns.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Access, Right } from '../state/accesses.ts';
import { checkSigningRequest, sign } from './certificates.ts';
import { readJson } from './json-body.ts';
import { countRegistration, linkHost, parseHost, requireFreeUuid } from './linking.ts';

export const uuidField = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine(isHostUuid, 'must be a version 4 UUID');

const registration = z.object({ uuid: uuidField, csr: z.string(), host_name: z.string() });
const pairing = z.object({ csr: z.string() });
const naming = z.object({ uuid: uuidField, host_name: z.string() });

/** A user or token that may do this. */
export async function authorise(
  exchange: Exchange,
  services: Services,
  kinds: readonly Access['kind'][],
  right: Right,
): Promise<Access> {
  const { authorization } = exchange.request.headers;
  const access = await services.credentials.authenticate(authorization, exchange.address, kinds);
  exchange.note.by = nameOf(access);
  if (access.rights.includes(right)) return access;
  throw new Refusal('forbidden', 'not allowed to register hosts here');
}

export function nameOf({ kind, id }: Access): string {
  return `${kind === 'user' ? 'user' : 'token'} ${id}`;
}

/** `register_existing`, with user and password. */
export async function registerExisting(exchange: Exchange, services: Services): Promise<Answer> {
  countRegistration(exchange.address, services);
  const access = await authorise(exchange, services, ['user'], 'existing');
  return register(exchange, services, access);
}

/** `register_existing_token`, with a token that is used up when it has worked. */
export async function registerWithToken(exchange: Exchange, services: Services): Promise<Answer> {
  countRegistration(exchange.address, services);
  const access = await authorise(exchange, services, ['registration'], 'existing');
  return spendToken(access, services, () => register(exchange, services, access));
}

/**
 * Takes a registration token for the time of the work and puts it back when that fails, so that
 * of two who use it at once only one gets in. Anything else is left alone.
 */
export async function spendToken<Result>(
  access: Access,
  { state }: Services,
  work: () => Promise<Result>,
): Promise<Result> {
  if (access.kind !== 'registration') return work();
  if (!(await state.accesses.remove(access))) {
    throw new Refusal('unauthenticated', 'these credentials are not accepted');
  }
  try {
    return await work();
  } catch (error) {
    await state.accesses.restore(access);
    throw error;
  }
}

async function register(exchange: Exchange, services: Services, access: Access): Promise<Answer> {
  const { uuid, csr, host_name } = await readJson(exchange, registration, services.settings);
  const host = parseHost(host_name);
  exchange.note.host = host;
  requireHost(access, host);
  const request = await checkSigningRequest(csr, uuid);
  await requireFreeUuid(uuid, host, services);
  const signed = await sign(request, services);
  const { mode, piggyback } = access;
  const by = nameOf(access);
  await linkHost({ uuid, host, mode, piggyback, by, certificates: [signed] }, services);
  return jsonAnswer({
    root_cert: services.trust.store.rootCert,
    agent_cert: signed.certificate,
    connection_mode: mode,
  });
}

export function requireHost(access: Access, host: string): void {
  if (matchesPattern(host, access.hosts)) return;
  throw new Refusal('forbidden', 'not allowed to register this host');
}

/** `pairing`, the first of two steps of 2.1: a certificate, but no host yet. */
export async function pair(exchange: Exchange, services: Services): Promise<Answer> {
  countRegistration(exchange.address, services);
  await authorise(exchange, services, ['user'], 'existing');
  const { csr } = await readJson(exchange, pairing, services.settings);
  const request = await checkSigningRequest(csr);
  await requireFreeUuid(request.uuid, undefined, services);
  const { certificate } = await sign(request, services);
  return jsonAnswer({ root_cert: services.trust.store.rootCert, client_cert: certificate });
}

/** `register_with_hostname`, the second of them. */
export async function nameHost(exchange: Exchange, services: Services): Promise<Answer> {
  countRegistration(exchange.address, services);
  const access = await authorise(exchange, services, ['user'], 'existing');
  const { uuid, host_name } = await readJson(exchange, naming, services.settings);
  const host = parseHost(host_name);
  exchange.note.host = host;
  requireHost(access, host);
  const { mode, piggyback } = access;
  await linkHost({ uuid, host, mode, piggyback, by: nameOf(access), certificates: [] }, services);
  return noContent;
}
