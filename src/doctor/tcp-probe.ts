/**
 * What answers on an agent port: connects, sends nothing, reads two bytes (agent-port.md#probing).
 */

import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { connectTo } from '../transports/tcp/connecting.ts';
import { type MarkerKind, showMarker } from '../transports/tcp/marker.ts';
import type { AgentPlace } from '../transports/tcp/place.ts';
import { unknownSite, unknownUuid } from '../transports/tcp/tls-observations.ts';
import { noAgent, readAnswer } from './tcp-answer.ts';

/** How an agent port may answer, and what else may happen. */
type TcpFindingKind = MarkerKind | 'empty' | 'silent' | 'broken' | 'unreachable';

export interface TcpFinding {
  readonly kind: TcpFindingKind;
  readonly place: AgentPlace;
  /** `b'16'`; undefined when no byte came. */
  readonly marker: string | undefined;
  /** What answers, in a few words. */
  readonly what: string;
  /** What that proves, and what it does not. */
  readonly meaning: string;
  /** Undefined when a Checkmk agent answers. */
  readonly fault: CourierError | undefined;
  readonly durationMs: number;
}

interface ProbeLimits {
  /** For connecting and reading together. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Looks at a port the way the field guides do it with netcat, without a byte of our own: what is
 * sent can change what comes.
 *
 * @throws CourierError only the signal's reason; whatever else happens is a finding
 */
export async function probeTcp(
  place: AgentPlace,
  { timeoutMs, clock }: ProbeLimits,
  signal: AbortSignal,
): Promise<TcpFinding> {
  const startMs = clock.monotonic();
  const judgement = await look(place, { timeoutMs, clock }, signal);
  return { ...judgement, place, durationMs: clock.monotonic() - startMs };
}

type Judgement = Omit<TcpFinding, 'place' | 'durationMs'>;

async function look(
  place: AgentPlace,
  { timeoutMs, clock }: ProbeLimits,
  signal: AbortSignal,
): Promise<Judgement> {
  const startMs = clock.monotonic();
  let socket: Socket;
  try {
    socket = await connectTo(place, timeoutMs, signal);
  } catch (error) {
    return failed(toFault(error, signal), 'unreachable');
  }
  try {
    const leftMs = Math.max(1, timeoutMs - (clock.monotonic() - startMs));
    return judge(await readAnswer(socket, { shown: place.shown, timeoutMs: leftMs }, signal));
  } finally {
    socket.destroy();
  }
}

function toFault(error: unknown, signal: AbortSignal): CourierError {
  if (signal.aborted || !(error instanceof CourierError)) throw error;
  return error;
}

function judge(answer: Awaited<ReturnType<typeof readAnswer>>): Judgement {
  const marker = answer.marker && showMarker(answer.marker);
  if ('fault' in answer) return { ...failed(answer.fault, answer.kind), marker };
  const { kind } = answer;
  const seen = { kind, marker, fault: undefined };
  switch (kind) {
    case 'tls':
      return { ...seen, ...tlsAnswer };
    case 'plain':
      return { ...seen, ...plainAnswer };
    case 'symmetric':
      return { ...seen, ...describeSymmetric(answer.marker.toString('latin1')) };
  }
}

const words = { ...noAgent, unreachable: 'not reached' } as const;

function failed(fault: CourierError, kind: keyof typeof words): Judgement {
  return { kind, marker: undefined, fault, what: words[kind], meaning: fault.message };
}

const tlsAnswer = {
  what: 'an Agent Controller in TLS mode',
  meaning: `the path is fine and a TLS handshake can start; whether this site and this host's UUID are registered there only a fetch can show: by the alert "access denied" ${unknownUuid}; by "handshake failure", "unsupported certificate" or "certificate unknown" ${unknownSite}`,
};

const plainAnswer = {
  what: 'agent output in plain text',
  meaning:
    'everybody who reaches the port can read it: a super-server or systemd socket, or a controller in legacy mode; for a host that should be registered this is a fault',
};

function describeSymmetric(scheme: string): Pick<TcpFinding, 'what' | 'meaning'> {
  const weak = ['00', '02', '99'].includes(scheme)
    ? '; this scheme has no salt and is weak, newer agents use a better one'
    : '';
  return {
    what: `agent output encrypted with a passphrase, scheme ${scheme}`,
    meaning: `the agent itself encrypts, there is no TLS; fetch it with --passphrase-file${weak}; for a host that should be registered this is a fault`,
  };
}
