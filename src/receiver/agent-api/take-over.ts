/**
 * `--take-over=ask`: a registered host is not given to another identity unless a person allows it.
 */

import type { HostName } from '../../names/host-name.ts';
import type { Exchange } from '../exchange.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Access } from '../state/accesses.ts';
import type { RegisteredHost } from '../state/hosts.ts';
import type { RegistrationRequest } from '../state/requests.ts';
import type { Link } from './linking.ts';

/** A request that would register a host at once. */
interface Asking {
  readonly uuid: string;
  readonly host: HostName;
  readonly access: Access;
  readonly by: string;
  /** Empty where the certificate was signed before. */
  readonly csr: string;
}

export interface TakeOver extends Pick<Link, 'replaces'> {
  readonly allowedPiggyback: readonly string[];
  /** Called when it is registered: what was allowed was allowed once. */
  readonly done: () => Promise<unknown>;
}

/**
 * Decides whose name a request may take. An agent controller cannot wait here, and makes itself
 * another UUID for each attempt: so it is refused, and after `cmk-courier hosts allow` the next
 * request for the host with the same credentials is accepted.
 *
 * @throws Refusal 403 when that has to be allowed first; a request for it is there then
 */
export async function requireTakeOver(
  asking: Asking,
  exchange: Exchange,
  services: Services,
): Promise<TakeOver> {
  const plain = { allowedPiggyback: [], done: async () => undefined };
  const { settings, state } = services;
  if (settings.takeOver === 'allow') return { ...plain, replaces: 'anybody' };
  const linked = await state.hosts.byName(asking.host);
  if (linked === undefined || linked.uuid === asking.uuid) return { ...plain, replaces: 'nobody' };
  const before = await findRequests(asking, linked, services);
  const allowed = before.find((request) => request.state === 'allowed');
  if (allowed !== undefined) {
    const done = () => state.requests.remove(allowed.uuid);
    const { allowedPiggyback } = allowed;
    return { replaces: { uuid: linked.uuid }, allowedPiggyback, done };
  }
  const declined = before.find((request) => request.state === 'declined');
  if (declined === undefined) await ask(asking, linked, before, [exchange, services]);
  throw refuse(asking, declined?.reason);
}

function refuse({ host }: Asking, reason: string | null | undefined): Refusal {
  const what = `${host} is registered by another identity`;
  if (reason === undefined) {
    const how = `\`cmk-courier hosts allow ${host}\` on the site lets it be taken over`;
    return new Refusal('forbidden', `${what}; ${how}, then register again`);
  }
  const why = reason === null ? '' : `: ${reason}`;
  return new Refusal('forbidden', `${what}, and taking it over was declined${why}`);
}

/** A request by the same sender, for the same host, which the same UUID has. */
async function findRequests(
  { host, by }: Asking,
  { uuid }: RegisteredHost,
  { state }: Services,
): Promise<readonly RegistrationRequest[]> {
  const requests = await state.requests.list();
  return requests.filter(
    (one) => one.host === host && one.requestedBy === by && one.takesOver === uuid,
  );
}

/** One request stands for all attempts. */
async function ask(
  { uuid, host, by, access, csr }: Asking,
  linked: RegisteredHost,
  before: readonly RegistrationRequest[],
  [exchange, { state, clock }]: readonly [Exchange, Services],
): Promise<void> {
  for (const request of before) await state.requests.remove(request.uuid);
  if (await state.requests.isFull()) {
    throw new Refusal('overloaded', 'too many hosts wait to be registered', { retryAfterS: 600 });
  }
  await state.requests.update(uuid, (other) => {
    if (other !== undefined && other.requestedBy !== by) {
      throw new Refusal('forbidden', 'the request was made by somebody else');
    }
    return {
      uuid,
      host,
      state: 'new',
      allowedBy: null,
      reason: null,
      labels: {},
      csr,
      requestedBy: by,
      requestedAt: new Date(clock.now()).toISOString(),
      answeredAt: null,
      completedAt: null,
      address: exchange.address,
      mode: access.mode,
      piggyback: access.piggyback,
      allowedPiggyback: [],
      takesOver: linked.uuid,
    };
  });
  exchange.note.warning = `${uuid} (${by}) asks to take over ${host} from ${linked.uuid} (${linked.registeredBy})`;
}
