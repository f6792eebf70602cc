/** What a TCP port answers: one reading of it for `probe tcp`, the steps of the doctor, and `doctor ports`. */

import type { Socket } from 'node:net';
import { CourierError } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import { type MarkerKind, markerKind } from '../transports/tcp/marker.ts';
import { emptyFault, unknownMarker } from '../transports/tcp/observations.ts';
import { readMarker } from '../transports/tcp/reading.ts';
import type { PortState } from './document.ts';

/** How a connection failed that never was. */
export function stateOf(fault: CourierError): PortState {
  const code = errorCode(fault.cause) ?? '';
  if (code === 'ECONNREFUSED') return 'refused';
  if (['EHOSTUNREACH', 'ENETUNREACH', 'EACCES'].includes(code)) return 'unreachable';
  return fault.code === 'TIMEOUT' || code === 'ETIMEDOUT' ? 'silent' : 'unknown';
}

interface Agent {
  readonly kind: Exclude<MarkerKind, 'unknown'>;
  readonly marker: Buffer;
}

interface NoAgent {
  readonly kind: 'empty' | 'silent' | 'broken' | 'unknown';
  /** Undefined when not even a byte came. */
  readonly marker: Buffer | undefined;
  readonly fault: CourierError;
}

/** The words for whoever is no agent. */
export const noAgent: Readonly<Record<NoAgent['kind'], string>> = {
  empty: 'closes without a byte',
  silent: 'accepts, and says nothing',
  broken: 'accepts, then breaks the connection',
  unknown: 'no Checkmk agent',
};

/**
 * Reads the first two bytes; nothing is sent.
 *
 * @throws CourierError only the signal's reason
 */
export async function readAnswer(
  socket: Socket,
  { shown, timeoutMs }: { readonly shown: string; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<Agent | NoAgent> {
  try {
    const marker = await readMarker(socket, { shown, timeoutMs }, signal);
    if (marker.length === 0) return { kind: 'empty', marker: undefined, fault: emptyFault(shown) };
    const kind = markerKind(marker);
    return kind === 'unknown'
      ? { kind, marker, fault: unknownMarker(marker, shown) }
      : { kind, marker };
  } catch (error) {
    if (signal.aborted || !(error instanceof CourierError)) throw error;
    const kind = error.code === 'TIMEOUT' ? 'silent' : 'broken';
    return { kind, marker: undefined, fault: error };
  }
}
