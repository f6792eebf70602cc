/** The port and its first bytes: one connection a family, and one on which TLS and output follow. */

import type { Socket } from 'node:net';
import { isIPv6 } from 'node:net';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { connectTo } from '../../transports/tcp/connecting.ts';
import { showMarker } from '../../transports/tcp/marker.ts';
import type { AgentPlace } from '../../transports/tcp/place.ts';
import type { CauseCode } from '../causes.ts';
import type { PortState } from '../document.ts';
import { noAgent, readAnswer, stateOf } from '../tcp-answer.ts';
import { type Learned, type Scene, type SiteFinding, timeToWait } from './scene.ts';

export async function lookAtPort(
  scene: Scene,
  { place, otherPlace, configuration }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (place === undefined) throw new CourierError('LOCAL', 'there is no address');
  const other = otherWay(scene, configuration);
  if (other !== undefined) return { status: 'skipped', text: other };
  const waitMs = timeToWait(scene, scene.tcp.connectTimeout);
  const places = otherPlace === undefined ? [place] : [place, otherPlace];
  const tried = await Promise.all(places.map((one) => tryPlace(one, waitMs, signal)));
  for (const { socket } of tried) if (socket !== undefined) scene.sockets.add(socket);
  return judge(tried, scene, configuration);
}

interface Tried {
  readonly place: AgentPlace;
  readonly state: PortState;
  readonly socket?: Socket;
  readonly fault?: CourierError;
}

async function tryPlace(place: AgentPlace, waitMs: number, signal: AbortSignal): Promise<Tried> {
  try {
    return { place, state: 'open', socket: await connectTo(place, waitMs, signal) };
  } catch (error) {
    const fault = toFault(error, signal);
    return { place, state: stateOf(fault), fault };
  }
}

/** When this machine lacks the address family, nothing is wrong with the host. */
const familyMissing: readonly string[] = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * One family that answers is enough, unless the other one is the one that Checkmk asks. What does
 * not answer is the cause all the same.
 */
function judge(
  tried: readonly Tried[],
  { address }: Scene,
  configuration: Learned['configuration'] | undefined,
): SiteFinding {
  const open = tried.find(({ socket }) => socket !== undefined);
  const failed = tried.filter(({ fault }) => fault !== undefined);
  const facts = Object.fromEntries(
    tried.map(({ place, state }) => [isIPv6(place.address) ? 'ipv6' : 'ipv4', state]),
  );
  const ports = tried.map(toPort);
  const telling = failed.find(
    ({ fault }) => open === undefined || !familyMissing.includes(errorCode(fault?.cause) ?? ''),
  );
  const learned = open?.socket === undefined ? {} : { socket: open.socket, place: open.place };
  if (telling === undefined) {
    const shown = tried.filter(({ socket }) => socket !== undefined);
    const names = shown.map(({ place }) => place.shown).join(' and ');
    const text = `${names} ${shown.length > 1 ? 'accept' : 'accepts'}`;
    return { status: 'ok', text, facts, learned: { ...learned, ports } };
  }
  const isAsked = address === undefined && configuration?.address === telling.place.address;
  return {
    status: open === undefined || isAsked ? 'fault' : 'warning',
    code: causeOf[telling.state],
    text: describe(tried),
    rawError: failed.map(({ fault }) => fault?.message ?? '').join('; '),
    facts: { place: telling.place.shown, state: telling.state, ...facts },
    learned: { ...learned, ports },
  };
}

function describe(tried: readonly Tried[]): string {
  const [first, second] = tried;
  if (first !== undefined && second === undefined) return words[first.state];
  return tried.map(({ place, state }) => `${place.shown} ${words[state]}`).join('; ');
}

const words: Readonly<Record<PortState, string>> = {
  open: 'accepts',
  refused: 'refused',
  silent: 'no answer',
  unreachable: 'not to be reached',
  unknown: 'nobody can tell',
};

const causeOf: Readonly<Record<PortState, CauseCode>> = {
  open: 'unexplained',
  refused: 'port-refused',
  silent: 'port-silent',
  unreachable: 'no-route',
  unknown: 'unexplained',
};

/** Why nobody asks the port of this host. */
function otherWay(
  { sources }: Scene,
  configuration: Learned['configuration'] | undefined,
): string | undefined {
  if (sources !== undefined) return 'not used: sources are named';
  if (configuration?.program !== undefined) return 'not used: Checkmk runs a program for this host';
  return configuration?.isPush === true ? 'not used: the host pushes' : undefined;
}

function toPort({ place: { address, port }, state, fault }: Tried) {
  return {
    direction: 'out',
    proto: 'tcp',
    port,
    address,
    state,
    needed_by: 'agent',
    raw_error: fault?.message ?? null,
  } as const;
}

/** A fault of the peer; what ends us is thrown on. */
export function toFault(error: unknown, signal: AbortSignal): CourierError {
  if (signal.aborted || !(error instanceof CourierError)) throw error;
  return error;
}

export async function lookAtBytes(
  scene: Scene,
  { socket, place }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (socket === undefined || place === undefined) throw new CourierError('LOCAL', 'no connection');
  const timeoutMs = timeToWait(scene, Number.POSITIVE_INFINITY);
  const answer = await readAnswer(socket, { shown: place.shown, timeoutMs }, signal);
  const { marker } = answer;
  const facts = { marker: marker && showMarker(marker) };
  if ('fault' in answer) {
    const { message: rawError } = answer.fault;
    return {
      status: 'fault',
      code: byAnswer[answer.kind],
      text: noAgent[answer.kind],
      rawError,
      facts,
    };
  }
  return { status: 'ok', text: kinds[answer.kind], facts, learned: { marker: answer.marker } };
}

const byAnswer = {
  empty: 'port-closed-at-once',
  broken: 'port-closed-at-once',
  silent: 'port-hangs',
  unknown: 'other-service',
} as const;

const kinds = {
  tls: 'an Agent Controller in TLS mode',
  plain: 'agent output in plain text',
  symmetric: 'agent output encrypted with a passphrase',
} as const;
