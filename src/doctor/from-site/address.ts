/** Name and address: whom we would ask. */

import { isIP, isIPv6 } from 'node:net';
import type { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { sharedLookup } from '../../lookup/lookup.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { type AgentPlace, parseAgentPlace } from '../../transports/tcp/place.ts';
import type { Learned, Scene, SiteFinding } from './scene.ts';

export async function lookAtAddress(
  scene: Scene,
  { configuration }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const configured = scene.address ?? configuration?.address;
  if (configured !== undefined && unusable.test(configured)) {
    return { status: 'fault', code: 'address-none', text: `${configured} is no address of a host` };
  }
  const name = configured ?? scene.host;
  const found = isIP(name) === 0 ? await resolve(name, signal) : [name];
  if (!Array.isArray(found)) return noAddress(name, found);
  const [address] = found;
  if (address === undefined) return noAddress(name, undefined);
  const inDns = isIP(name) === 0 ? found : await compare(scene.host, signal);
  const known = Array.isArray(inDns) ? inDns : undefined;
  const port = configuration?.port ?? scene.port;
  const place = toPlace(address, port);
  const facts = { address, addresses: found, dns: known ?? null };
  const own = scene.address === undefined ? (configuration?.addresses ?? []) : [];
  const other = [...found, ...own].find(
    (one) => isIP(one) !== isIP(address) && !unusable.test(one),
  );
  const learned = other === undefined ? { place } : { place, otherPlace: toPlace(other, port) };
  return { ...judge(address, known, scene), facts, learned };
}

function toPlace(address: string, port: number): AgentPlace {
  return parseAgentPlace(isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`);
}

/** What a site is given for a name that it could not look up. */
export const unusable = /^(?:0\.0\.0\.0|::)$/;

function judge(
  address: string,
  known: readonly string[] | undefined,
  scene: Scene,
): Pick<SiteFinding, 'status' | 'text' | 'code'> {
  const origin = scene.address === undefined ? '' : ' as named';
  if (/^(?:127\.|::1$)/.test(address) && scene.address === undefined) {
    return { status: 'warning', code: 'address-loopback', text: `${address} is this machine` };
  }
  if (known !== undefined && !known.includes(address)) {
    const text = `${address}${origin}; DNS has ${known.join(', ')}`;
    return { status: 'warning', code: 'dns-other', text };
  }
  return { status: 'ok', text: `${address}${origin}${known === undefined ? '' : '; DNS agrees'}` };
}

function noAddress(name: string, error: CourierError | undefined): SiteFinding {
  const said = error === undefined ? {} : { rawError: error.message };
  if (error?.code === 'TIMEOUT' || errorCode(error?.cause) === 'EAI_AGAIN') {
    return {
      status: 'fault',
      code: 'dns-silent',
      text: `nobody tells the address of ${name}`,
      ...said,
    };
  }
  return { status: 'fault', code: 'dns-none', text: `${name} has no address`, ...said };
}

/** To be compared alone: a DNS that says nothing does not keep anybody from looking at the port. */
const comparingMs = 1500;

async function compare(name: string, signal: AbortSignal): Promise<string[] | CourierError> {
  const limit = { timeoutMs: comparingMs, tooSlow: 'DNS did not answer' };
  try {
    return await withTimeLimit(limit, signal, async (limited) => {
      const found = await sharedLookup().find(name, 0, limited);
      return found.map(({ address }) => address);
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return asCourierError(error, `looking up ${name}`);
  }
}

async function resolve(name: string, signal: AbortSignal): Promise<string[] | CourierError> {
  try {
    const found = await sharedLookup().find(name, 0, signal);
    return found.map(({ address }) => address);
  } catch (error) {
    if (signal.aborted) throw error;
    return asCourierError(error, `looking up ${name}`);
  }
}
