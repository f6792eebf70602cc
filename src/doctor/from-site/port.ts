/** The port and its first bytes: one connection, on which TLS and output follow. */

import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { connectTo } from '../../transports/tcp/connecting.ts';
import { markerKind, showMarker } from '../../transports/tcp/marker.ts';
import { emptyFault, unknownMarker } from '../../transports/tcp/observations.ts';
import { readMarker } from '../../transports/tcp/reading.ts';
import type { CauseCode } from '../causes.ts';
import type { PortState } from '../document.ts';
import { type Learned, type Scene, type SiteFinding, timeToWait } from './scene.ts';

export async function lookAtPort(
  scene: Scene,
  { place, configuration }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (place === undefined) throw new CourierError('LOCAL', 'there is no address');
  const other = otherWay(scene, configuration);
  if (other !== undefined) return { status: 'skipped', text: other };
  const waitMs = timeToWait(scene, scene.tcp.connectTimeout);
  try {
    const socket = await connectTo(place, waitMs, signal);
    scene.sockets.add(socket);
    const ports = [toPort(place, 'open', null)];
    return { status: 'ok', text: `${place.shown} accepts`, learned: { socket, ports } };
  } catch (error) {
    const fault = toFault(error, signal);
    const [code, state] = judgeConnect(fault);
    return {
      status: 'fault',
      code,
      text: words[state],
      rawError: fault.message,
      facts: { place: place.shown, state },
      learned: { ports: [toPort(place, state, fault.message)] },
    };
  }
}

const words: Readonly<Record<PortState, string>> = {
  open: 'accepts',
  refused: 'refused',
  silent: 'no answer',
  unreachable: 'not to be reached',
  unknown: 'nobody can tell',
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

function toPort(
  { address, port }: { address: string; port: number },
  state: PortState,
  error: string | null,
) {
  return {
    direction: 'out',
    proto: 'tcp',
    port,
    address,
    state,
    needed_by: 'agent',
    raw_error: error,
  } as const;
}

/** A fault of the peer; what ends us is thrown on. */
export function toFault(error: unknown, signal: AbortSignal): CourierError {
  if (signal.aborted || !(error instanceof CourierError)) throw error;
  return error;
}

function judgeConnect(fault: CourierError): readonly [CauseCode, PortState] {
  const code = errorCode(fault.cause);
  if (code === 'ECONNREFUSED') return ['port-refused', 'refused'];
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EACCES') {
    return ['no-route', 'unreachable'];
  }
  return fault.code === 'TIMEOUT' || code === 'ETIMEDOUT'
    ? ['port-silent', 'silent']
    : ['unexplained', 'unknown'];
}

export async function lookAtBytes(
  scene: Scene,
  { socket, place }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (socket === undefined || place === undefined) throw new CourierError('LOCAL', 'no connection');
  const { shown } = place;
  const timeoutMs = timeToWait(scene, Number.POSITIVE_INFINITY);
  let marker: Buffer;
  try {
    marker = await readMarker(socket, { shown, timeoutMs }, signal);
  } catch (error) {
    const fault = toFault(error, signal);
    const code = fault.code === 'TIMEOUT' ? 'port-hangs' : 'port-closed-at-once';
    const text = fault.code === 'TIMEOUT' ? 'accepts, and says nothing' : 'breaks the connection';
    return { status: 'fault', code, text, rawError: fault.message };
  }
  return judgeMarker(marker, shown);
}

function judgeMarker(marker: Buffer, shown: string): SiteFinding {
  if (marker.length === 0) {
    const rawError = emptyFault(shown).message;
    return {
      status: 'fault',
      code: 'port-closed-at-once',
      text: 'closes without a byte',
      rawError,
    };
  }
  const facts = { marker: showMarker(marker) };
  const kind = markerKind(marker);
  if (kind === 'unknown') {
    const rawError = unknownMarker(marker, shown).message;
    return { status: 'fault', code: 'other-service', text: 'no Checkmk agent', rawError, facts };
  }
  return { status: 'ok', text: kinds[kind], facts, learned: { marker } };
}

const kinds = {
  tls: 'an Agent Controller in TLS mode',
  plain: 'agent output in plain text',
  symmetric: 'agent output encrypted with a passphrase',
} as const;
