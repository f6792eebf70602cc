/**
 * A circuit breaker around peers that serve several hosts. Closed, it lets every fetch through; after
 * several silences in a row it opens, and fetches fail at once; when its time is over it is half-open:
 * one fetch tries, and its outcome closes or opens it.
 */

import type { Clock } from '../clock.ts';
import { CourierError, isSilence } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { LendTransport } from '../transports/transport.ts';
import { sharedPeerOf } from './shared-peer.ts';

/** How many silences in a row open it. */
const silencesToOpen = 5;

/** How long it is open until one fetch may try. */
const openMs = 10_000;

/** The breaker of one peer. */
interface Circuit {
  silences: number;
  /** When the next fetch may try, by the monotonic clock; without meaning while it is closed. */
  retryAtMs: number;
  lastSilence: CourierError | undefined;
}

export class PeerBreakers {
  readonly #lend: LendTransport;
  readonly #clock: Clock;
  readonly #circuits = new Map<string, Circuit>();

  constructor(lend: LendTransport, clock: Clock) {
    this.#lend = lend;
    this.#clock = clock;
  }

  /** Peers whose breaker is open, or tries whether they answer again. */
  get open(): readonly string[] {
    return [...this.#circuits].filter(([, circuit]) => isOpen(circuit)).map(([peer]) => peer);
  }

  /** Lends, but fails at once while a shared peer is known to be silent. */
  readonly lend: LendTransport = async (module, source, context, use) => {
    const peer = sharedPeerOf(source.uri.text);
    if (peer === undefined) return this.#lend(module, source, context, use);
    const circuit = this.#circuitOf(peer);
    refuseWhileOpen(circuit, this.#clock.monotonic());
    try {
      const result = await this.#lend(module, source, context, use);
      circuit.silences = 0;
      return result;
    } catch (thrown) {
      throw note(circuit, asCourierError(thrown, 'fetching'), this.#clock.monotonic());
    }
  };

  #circuitOf(peer: string): Circuit {
    const known = this.#circuits.get(peer);
    if (known !== undefined) return known;
    const circuit = { silences: 0, retryAtMs: 0, lastSilence: undefined };
    this.#circuits.set(peer, circuit);
    return circuit;
  }
}

function isOpen({ silences, lastSilence }: Circuit): boolean {
  return silences >= silencesToOpen && lastSilence !== undefined;
}

/** Half-open, it lets the first fetch through and is open again for the others until that has ended. */
function refuseWhileOpen(circuit: Circuit, nowMs: number): void {
  if (circuit.silences < silencesToOpen || circuit.lastSilence === undefined) return;
  if (nowMs >= circuit.retryAtMs) {
    circuit.retryAtMs = nowMs + openMs;
    return;
  }
  const { code, message } = circuit.lastSilence;
  throw new CourierError(code, `${message}; not asked again so soon`, {
    cause: circuit.lastSilence,
  });
}

function note(circuit: Circuit, error: CourierError, nowMs: number): CourierError {
  if (!isSilence(error)) {
    if (error.code !== 'INTERRUPTED') circuit.silences = 0;
    return error;
  }
  circuit.silences += 1;
  circuit.lastSilence = error;
  circuit.retryAtMs = nowMs + openMs;
  return error;
}
