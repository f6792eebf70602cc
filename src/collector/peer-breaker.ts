/** A circuit breaker around peers that serve several hosts: while one is dead, it is not asked. */

import type { Clock } from '../clock.ts';
import { CourierError, faults } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { LendTransport } from '../transports/transport.ts';
import { sharedPeerOf } from './shared-peer.ts';

/** So many silences in a row open it. */
const silencesToOpen = 5;

/** How long it stays open before one fetch may try again. */
const openMs = 10_000;

/** What is known of one peer. */
interface Circuit {
  silences: number;
  /** Until when nobody asks. */
  closedAtMs: number;
  last: CourierError | undefined;
}

/** Lends as `lend` does, but fails at once while a shared peer is known to be silent. */
export function withPeerBreaker(lend: LendTransport, clock: Clock): LendTransport {
  const circuits = new Map<string, Circuit>();
  return async (module, source, context, use) => {
    const peer = sharedPeerOf(source.uri.text);
    if (peer === undefined) return lend(module, source, context, use);
    const circuit = circuits.get(peer) ?? { silences: 0, closedAtMs: 0, last: undefined };
    circuits.set(peer, circuit);
    refuseWhileOpen(circuit, clock.monotonic());
    try {
      const result = await lend(module, source, context, use);
      circuit.silences = 0;
      return result;
    } catch (thrown) {
      throw note(circuit, asCourierError(thrown, 'fetching'), clock.monotonic());
    }
  };
}

/** When its time is over, the one who comes first tries, and the others go on waiting for it. */
function refuseWhileOpen(circuit: Circuit, nowMs: number): void {
  if (circuit.silences < silencesToOpen || circuit.last === undefined) return;
  if (nowMs >= circuit.closedAtMs) {
    circuit.closedAtMs = nowMs + openMs;
    return;
  }
  const { code, message } = circuit.last;
  throw new CourierError(code, `${message}; not asked again so soon`, { cause: circuit.last });
}

function note(circuit: Circuit, error: CourierError, nowMs: number): CourierError {
  if (!faults[error.code].silence) {
    if (error.code !== 'INTERRUPTED') circuit.silences = 0;
    return error;
  }
  circuit.silences += 1;
  circuit.last = error;
  circuit.closedAtMs = nowMs + openMs;
  return error;
}
