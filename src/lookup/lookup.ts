/**
 * Names of hosts → addresses, without a thread that waits: `/etc/hosts`, then DNS through c-ares,
 * which asks over sockets and gives up in time. What DNS says does not exist is left to the system,
 * which may know it from elsewhere (nsswitch.conf(5)) and answers at once as a rule. With
 * getaddrinfo alone a few names nobody answers for keep all others waiting: it holds a thread of
 * libuv's for each, ten seconds long.
 */

import type { ResolverOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { ChangingFile } from './changing-file.ts';
import type { Family, FoundAddress } from './found.ts';
import { parseHosts } from './hosts-file.ts';
import { candidatesOf, parseSearchList, type SearchList } from './search-list.ts';
import type { askSystem } from './system-lookup.ts';

interface LookupSettings {
  readonly clock: Clock;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
  /** `ADDRESS:PORT` of name servers in place of those of the system. */
  readonly servers?: readonly string[];
  /** How long name servers have. */
  readonly patience: ResolverOptions;
  /** The system's own look-up. */
  readonly askSystem: typeof askSystem;
}

/** A name server that says nothing within this time is asked once more, or the next one is. */
const patience = { timeout: 1500, tries: 2, maxTimeout: 1500 } as const;

const usual: LookupSettings = {
  clock: systemClock,
  hostsPath: '/etc/hosts',
  resolvConfPath: '/etc/resolv.conf',
  patience,
  // What asks DNS and the system is loaded for names that `/etc/hosts` does not have.
  askSystem: async (...question) => (await import('./system-lookup.ts')).askSystem(...question),
};

/** How long an answer is good for those who ask again, whatever its own time to live. */
const keptMs = 30_000;
/** The same for names nobody answered for, so that they are not asked about over and over. */
const silenceKeptMs = 10_000;
const mostKept = 20_000;

/** So long one family waits for the other one's answer: RFC 8305 3 has 50 ms, on good networks. */
const otherFamilyMs = 200;

interface Kept {
  readonly untilMs: number;
  readonly answer: Promise<readonly FoundAddress[]>;
}

export class Lookup {
  readonly #settings: LookupSettings;
  readonly #hosts: ChangingFile<ReturnType<typeof parseHosts>>;
  readonly #search: ChangingFile<SearchList>;
  readonly #kept = new Map<string, Kept>();

  constructor(settings: Partial<LookupSettings> = {}) {
    this.#settings = { ...usual, ...settings };
    this.#hosts = new ChangingFile(this.#settings.hostsPath, parseHosts);
    this.#search = new ChangingFile(this.#settings.resolvConfPath, parseSearchList);
  }

  /**
   * The addresses of a name, at least one; of an address that itself. Several that ask for one name
   * share one question, which goes on when one of them gives up.
   *
   * @throws CourierError UNREACHABLE when there is no such name, TIMEOUT when no name server answers;
   * the signal's reason
   */
  async find(name: string, family: Family, signal: AbortSignal): Promise<readonly FoundAddress[]> {
    signal.throwIfAborted();
    const kind = isIP(name);
    if (kind !== 0) return [{ address: name, family: kind === 6 ? 6 : 4 }];
    return untilAborted(this.#share(name, family), signal);
  }

  #share(name: string, family: Family): Promise<readonly FoundAddress[]> {
    const { clock } = this.#settings;
    const key = `${family} ${name}`;
    const known = this.#kept.get(key);
    if (known !== undefined && clock.monotonic() < known.untilMs) return known.answer;
    const answer = this.#ask(name, family);
    this.#keep(key, answer, Number.POSITIVE_INFINITY);
    answer.then(
      () => this.#keep(key, answer, keptMs),
      (error: unknown) => {
        const isSilent = error instanceof CourierError && error.code === 'TIMEOUT';
        this.#keep(key, answer, isSilent ? silenceKeptMs : 0);
      },
    );
    return answer;
  }

  #keep(key: string, answer: Promise<readonly FoundAddress[]>, forMs: number): void {
    this.#kept.delete(key);
    if (forMs > 0)
      this.#kept.set(key, { untilMs: this.#settings.clock.monotonic() + forMs, answer });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #ask(name: string, family: Family): Promise<readonly FoundAddress[]> {
    const nowMs = this.#settings.clock.monotonic();
    const local = (await this.#hosts.read(nowMs)).get(name.toLowerCase()) ?? [];
    const found = local.map(toFound).filter((one) => family === 0 || one.family === family);
    if (found.length > 0) return found;
    const search = await this.#search.read(nowMs);
    for (const candidate of candidatesOf(name, search)) {
      const answer = await this.#askDns(candidate, family);
      if (answer.length > 0) return answer;
    }
    // What DNS does not know, the system may; it has its own limits of time.
    return this.#settings.askSystem(name, family, neverAborts).catch((error: unknown) => {
      throw toLookupFault(error, name);
    });
  }

  /** @returns nothing when there is no such name */
  async #askDns(name: string, family: Family): Promise<readonly FoundAddress[]> {
    const { Resolver } = await import('node:dns/promises');
    const resolver = new Resolver(this.#settings.patience);
    if (this.#settings.servers !== undefined) resolver.setServers(this.#settings.servers);
    const ask = async (kind: 4 | 6): Promise<readonly FoundAddress[]> => {
      const addresses = await (kind === 6 ? resolver.resolve6(name) : resolver.resolve4(name));
      return addresses.map((address) => ({ address, family: kind }));
    };
    try {
      if (family !== 0) return await ask(family);
      return await both(ask(4), ask(6));
    } catch (error) {
      if (isNoAnswer(error)) throw toLookupFault(error, name);
      return [];
    } finally {
      resolver.cancel();
    }
  }
}

/** Whichever families have an answer; one that has keeps nobody waiting for the other. */
async function both(
  four: Promise<readonly FoundAddress[]>,
  six: Promise<readonly FoundAddress[]>,
): Promise<readonly FoundAddress[]> {
  const late = (other: Promise<readonly FoundAddress[]>) =>
    Promise.race([other, nothingAfter(otherFamilyMs)]).catch(() => []);
  const [first, second] = await Promise.any([
    four.then(async (found) => [found, await late(six)] as const),
    six.then(async (found) => [await late(four), found] as const),
  ]).catch((error: unknown) => {
    throw error instanceof AggregateError ? mostTelling(error.errors) : error;
  });
  return (await hasIpv6()) ? [...second, ...first] : [...first, ...second];
}

/** Keeps no process from ending. */
function nothingAfter(delayMs: number): Promise<readonly FoundAddress[]> {
  return new Promise((resolve) => setTimeout(resolve, delayMs, []).unref());
}

/** That nobody answered for one family says more than that there is no address of the other. */
function mostTelling(errors: readonly unknown[]): unknown {
  return errors.find(isNoAnswer) ?? errors[0];
}

/** An address of the family this machine does not have comes last. */
async function hasIpv6(): Promise<boolean> {
  const { networkInterfaces } = await import('node:os');
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some(({ family, internal, address }) => {
    return family === 'IPv6' && !internal && !address.startsWith('fe80');
  });
}

function isNoAnswer(error: unknown): boolean {
  return ['ETIMEOUT', 'ESERVFAIL'].includes(errorCode(error) ?? '');
}

function toFound(address: string): FoundAddress {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

function toLookupFault(error: unknown, name: string): CourierError {
  const doing = `looking up ${name}`;
  switch (errorCode(error)) {
    case 'ETIMEOUT':
      return new CourierError('TIMEOUT', `${doing}: no name server answers`, { cause: error });
    case 'ESERVFAIL':
      return new CourierError('UNREACHABLE', `${doing}: the name servers cannot tell`, {
        cause: error,
      });
    default:
      return asCourierError(error, doing);
  }
}

let shared: Lookup | undefined;

/** The look-up that all transports share. */
export function sharedLookup(): Lookup {
  shared ??= new Lookup();
  return shared;
}

/** What node:net asks for the addresses that were found already. */
export function answerWith(found: readonly FoundAddress[]): LookupFunction {
  return (_name, { all }, answer) => {
    const [first] = found;
    if (all) answer(null, [...found]);
    else if (first !== undefined) answer(null, first.address, first.family);
  };
}
