/** Hosts that ask to be registered and wait for an answer (agent-receiver.md#new-hosts). */

import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import type { HostName } from '../../names/host-name.ts';
import { parseHostName } from '../../names/host-name.ts';
import { type Answer, type Exchange, jsonAnswer } from '../exchange.ts';
import { matchesPattern } from '../patterns.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Access } from '../state/accesses.ts';
import type { RegistrationRequest } from '../state/requests.ts';
import { authorise, countFailures, nameOf, requireHost } from './authorising.ts';
import { checkSigningRequest, sign } from './certificates.ts';
import { uuidField } from './existing.ts';
import { readJson } from './json-body.ts';
import { linkHost, requireFreeUuid } from './linking.ts';

const asking = z.object({
  uuid: uuidField,
  csr: z.string(),
  agent_labels: z.record(z.string(), z.string()),
});

/** `register_new`: remembers the request, decides at once where a rule does. */
export async function registerNew(exchange: Exchange, services: Services): Promise<Answer> {
  const access = await authoriseNew(exchange, services);
  return countFailures(exchange, access, services, () => remember(exchange, services, access));
}

async function remember(exchange: Exchange, services: Services, access: Access): Promise<Answer> {
  const { settings, state } = services;
  const { uuid, csr, agent_labels: labels } = await readJson(exchange, asking, settings);
  const host = toHostName(settings.hostName, labels);
  exchange.note.host = host;
  requireHost(access, host);
  await checkSigningRequest(csr, uuid);
  await requireFreeUuid(uuid, host, services);
  if (await state.requests.isFull()) {
    throw new Refusal('overloaded', 'too many hosts wait to be registered', { retryAfterS: 600 });
  }
  const isAllowed = isAllowedByRule(host, labels, services);
  await state.requests.update(uuid, (before) => {
    requireOwnRequest(before, access);
    const stands = before?.state === 'allowed' && before.host === host ? before : undefined;
    return {
      uuid,
      host,
      state: isAllowed ? 'allowed' : 'new',
      allowedBy: isAllowed ? 'rule' : null,
      reason: null,
      answeredAt: null,
      completedAt: null,
      allowedPiggyback: [],
      // What a person has allowed stays allowed when the host asks again before it looks.
      ...(stands?.allowedBy === 'hand' ? toDecision(stands) : {}),
      labels,
      csr,
      requestedBy: nameOf(access),
      requestedAt: new Date(services.clock.now()).toISOString(),
      address: exchange.address,
      mode: access.mode,
      piggyback: access.piggyback,
      takesOver: null,
    };
  });
  return jsonAnswer({ root_cert: services.trust.store.rootCert });
}

function toDecision(request: RegistrationRequest) {
  const { state, allowedBy, reason, answeredAt, completedAt, allowedPiggyback } = request;
  return { state, allowedBy, reason, answeredAt, completedAt, allowedPiggyback };
}

/** `register_new_ongoing`: what has become of it. */
export async function pollNew(exchange: Exchange, services: Services): Promise<Answer> {
  const access = await authoriseNew(exchange, services);
  const uuid = exchange.params['uuid'] ?? '';
  if (!isHostUuid(uuid)) throw new Refusal('invalid', 'the path must end in a version 4 UUID');
  const request = await services.state.requests.byUuid(uuid);
  if (request === undefined) throw new Refusal('not-found', 'there is no such request');
  exchange.note.host = request.host;
  if (request.requestedBy !== nameOf(access)) {
    throw new Refusal('forbidden', 'the request was made by somebody else');
  }
  if (request.state === 'declined') {
    const reason = request.reason ?? 'the administrator of the site has declined the request';
    return jsonAnswer({ status: 'Declined', reason });
  }
  if (request.state === 'new' || (await isTakenMeanwhile(request, services))) {
    return jsonAnswer({ status: 'InProgress' });
  }
  return complete(request, access, [exchange, services]);
}

const byAnybody = { kinds: ['user', 'registration'], right: 'new' } as const;

async function authoriseNew(exchange: Exchange, services: Services): Promise<Access> {
  const access = await authorise(exchange, services, byAnybody);
  if (services.settings.newHosts !== 'off') return access;
  throw new Refusal('switched-off', 'this site takes no requests of new hosts');
}

/** A waiting signing request may not be replaced by another sender. */
function requireOwnRequest(before: RegistrationRequest | undefined, access: Access): void {
  if (before === undefined || before.requestedBy === nameOf(access)) return;
  throw new Refusal('forbidden', 'the request was made by somebody else');
}

/** `{cmk/hostname-simple}` and what else stands in the template. */
function toHostName(template: string, labels: Readonly<Record<string, string>>): HostName {
  const name = template.replace(/\{([^{}]+)\}/g, (_, label: string) =>
    Object.hasOwn(labels, label) ? (labels[label] ?? '') : '',
  );
  try {
    return parseHostName(name);
  } catch (error) {
    const message = 'agent_labels: they make no host name Checkmk accepts';
    throw new Refusal('invalid', message, { cause: error });
  }
}

/** All label rules must fit, and one of the name rules; without any rule nothing fits. */
function isAllowedByRule(
  host: string,
  labels: Readonly<Record<string, string>>,
  { settings }: Services,
): boolean {
  const { newHosts, allowHost, allowLabel } = settings;
  if (newHosts !== 'automatic' || allowHost.length + allowLabel.length === 0) return false;
  const fitsLabels = allowLabel.every(
    ({ label, pattern }) =>
      Object.hasOwn(labels, label) && matchesPattern(labels[label] ?? '', [pattern]),
  );
  return fitsLabels && (allowHost.length === 0 || matchesPattern(host, allowHost));
}

/** A rule never takes a host away from another UUID; a person may. */
async function isTakenMeanwhile(
  request: RegistrationRequest,
  { state }: Services,
): Promise<boolean> {
  if (request.allowedBy !== 'rule') return false;
  const linked = await state.hosts.byName(request.host);
  return linked !== undefined && linked.uuid !== request.uuid;
}

/** The certificate is signed only now, so that a long wait takes nothing off its lifetime. */
async function complete(
  request: RegistrationRequest,
  access: Access,
  [exchange, services]: readonly [Exchange, Services],
): Promise<Answer> {
  const { uuid, mode, piggyback, allowedPiggyback } = request;
  const host = parseHostName(request.host);
  const signed = await sign(await checkSigningRequest(request.csr, uuid), services);
  const link = { uuid, host, mode, piggyback, allowedPiggyback, access, certificates: [signed] };
  // Locked, so that nobody revokes or declines it at the same time.
  await services.state.requests.update(uuid, async (now) => {
    if (now?.state !== 'allowed' || now.host !== host) {
      throw new Refusal('forbidden', 'the request is no longer allowed');
    }
    // What a person has allowed holds once: whoever has the name since then keeps it.
    const isAllowed = now.allowedBy === 'hand' && now.completedAt === null;
    await linkHost({ ...link, replaces: isAllowed ? 'anybody' : 'nobody' }, exchange, services);
    return { ...now, completedAt: now.completedAt ?? new Date(services.clock.now()).toISOString() };
  });
  return jsonAnswer({
    status: 'Success',
    agent_cert: signed.certificate,
    connection_mode: mode,
  });
}
