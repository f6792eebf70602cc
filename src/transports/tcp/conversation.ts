/**
 * One conversation with an agent port, from connecting to the last byte
 * (agent-port.md#conversation).
 */

import type { Socket } from 'node:net';
import { CourierError, prefixError } from '../../faults/errors.ts';
import type { Secret } from '../../secrets/secrets.ts';
import type { OpenContext } from '../transport.ts';
import { connectTo } from './connecting.ts';
import { unframe } from './frame.ts';
import type { Registration } from './known-host.ts';
import { type MarkerKind, markerBytes, markerKind } from './marker.ts';
import { encryptionBytes, openMessage } from './message.ts';
import {
  emptyFault,
  notRegistered,
  policyFault,
  readFault,
  unknownMarker,
} from './observations.ts';
import type { TcpOptions } from './options.ts';
import type { AgentPlace } from './place.ts';
import { findRefusal } from './policy.ts';
import { type ReadLimits, readMarker, readToEnd } from './reading.ts';
import { readSiteFiles } from './site-files.ts';

/** Everything that an exchange needs. */
interface ConversationSettings {
  readonly place: AgentPlace;
  /** Undefined when the host is not registered. */
  readonly registration: Registration | undefined;
  readonly passphrase: Secret | undefined;
  readonly options: TcpOptions;
  readonly context: OpenContext;
}

/** The answer of an agent. */
interface Spoken {
  readonly output: Buffer;
  /** Whether it came through TLS, from the UUID that the host is registered with. */
  readonly isSecured: boolean;
}

/**
 * Asks an agent for its output; nothing is sent to an agent that does not want TLS.
 *
 * @throws CourierError, the signal's reason included; no socket is left
 */
export async function fetchFromAgent(
  settings: ConversationSettings,
  signal: AbortSignal,
): Promise<Spoken> {
  const { place, options, context, passphrase } = settings;
  const { shown } = place;
  const socket = await connectTo(place, options.connectTimeout, signal);
  try {
    const marker = await readMarker(socket, { shown, timeoutMs: options.markerTimeout }, signal);
    const kind = checkMarker(marker, settings);
    context.log.debug({ place: shown, marker: marker.toString('latin1') }, 'the agent answers');
    const message =
      kind === 'tls'
        ? await readWithTls(socket, settings, signal)
        : await readPlainly(socket, marker, settings, signal);
    const { maxOutputBytes, log } = context;
    const output = await openMessage(message, { shown, passphrase, maxOutputBytes, log });
    return { output, isSecured: kind === 'tls' };
  } finally {
    socket.destroy();
  }
}

/** Checked before anything else is read: an answer that is refused need not be read. */
function checkMarker(
  marker: Buffer,
  { place, registration, options }: ConversationSettings,
): MarkerKind {
  const kind = markerKind(marker);
  if (marker.length === 0) throw emptyFault(place.shown);
  if (kind === 'unknown') throw unknownMarker(marker, place.shown);
  const refusal = findRefusal(kind, registration !== undefined, options.policy);
  if (refusal !== undefined) throw policyFault(refusal, kind, place.shown);
  return kind;
}

async function readPlainly(
  socket: Socket,
  marker: Buffer,
  settings: ConversationSettings,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    return await readToEnd(socket, marker, readLimits(settings), signal);
  } catch (error) {
    throw readFault(error, settings.place.shown);
  }
}

async function readWithTls(
  socket: Socket,
  settings: ConversationSettings,
  signal: AbortSignal,
): Promise<Buffer> {
  const { place, registration, options, context } = settings;
  const { shown } = place;
  if (registration === undefined) throw notRegistered(shown);
  const [files, { startTls, readSecured }] = await Promise.all([
    readSiteFiles(options, registration.certificates, context).catch((error: unknown) => {
      if (!(error instanceof CourierError)) throw error;
      throw prefixError(error, `error establishing TLS connection to ${shown}`);
    }),
    import('./tls.ts'),
  ]);
  const handshake = { shown, files, clock: context.clock };
  const start = { ...handshake, uuid: registration.uuid, timeoutMs: options.handshakeTimeout };
  const secured = await startTls(socket, start, signal);
  try {
    const limits = readLimits(settings);
    const frame = await readSecured(secured, handshake, limits, signal);
    return await openFrame(frame, limits, context);
  } finally {
    secured.destroy();
  }
}

async function openFrame(
  frame: Buffer,
  limits: ReadLimits,
  { log, maxOutputBytes }: OpenContext,
): Promise<Buffer> {
  const { message, isCompressed } = await unframe(frame, {
    ...limits,
    maxBytes: maxOutputBytes + encryptionBytes,
  });
  if (!isCompressed && message.at(-1) !== 0x0a && markerKind(message) === 'plain') {
    log.warn({ place: limits.shown }, 'no line end at the end: a cut could not be noticed');
  }
  return message;
}

/** zlib adds five bytes to each 16 KiB it cannot compress, and eleven to all (RFC 1950, 1951). */
function readLimits({ place, options, context }: ConversationSettings): ReadLimits {
  const { maxOutputBytes } = context;
  return {
    shown: place.shown,
    idleTimeoutMs: options.idleTimeout,
    maxBytes: maxOutputBytes + Math.ceil(maxOutputBytes / 1000) + encryptionBytes + markerBytes,
    maxOutputBytes,
  };
}
