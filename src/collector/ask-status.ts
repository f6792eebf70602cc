/** Asks a running collector for its status. */

import { connect } from 'node:net';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import type { CollectorStatus } from './status-shape.ts';

const longestAnswer = 64 * 1024 * 1024;

/**
 * The status that the collector at a socket reports.
 *
 * @throws CourierError UNREACHABLE when none answers there; PEER when what it says is something
 * else; CONFIG when others may listen there; LOCAL; the signal's reason
 */
export async function askStatus(socketPath: string, signal: AbortSignal): Promise<CollectorStatus> {
  const text = await askSocket(socketPath, 'status', signal);
  const { collectorStatus } = await import('./status-shape.ts');
  try {
    return collectorStatus.parse(JSON.parse(text));
  } catch (error) {
    const what = `${socketPath}: the answer is not that of a collector`;
    throw new CourierError('PEER', what, { cause: error });
  }
}

/** The answer to `pulse` of a collector that looks after its hosts. */
export const wellWord = 'well';

/** Whether a collector is at work at a socket: neither gone, nor stopped, nor stuck. Never rejects. */
export async function isCollecting(socketPath: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await askSocket(socketPath, 'pulse', signal)) === wellWord;
  } catch {
    return false;
  }
}

/**
 * Why the collector at a socket leaves a host to others of its pool, in words; undefined for one that
 * it asks, or does not know, and of a collector that does not tell. Never rejects.
 */
export async function findLeft(
  socketPath: string,
  host: HostName,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await askSocket(socketPath, `left ${host}`, signal)) || undefined;
  } catch {
    return undefined;
  }
}

async function askSocket(
  socketPath: string,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  await requireTrusted(socketPath);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = connect(socketPath, () => socket.end(`${question}\n`));
    const abort = () => socket.destroy(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > longestAnswer) socket.destroy(tooMuch(socketPath));
      else chunks.push(chunk);
    });
    socket.on('error', (error) => reject(toFault(error, socketPath)));
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      resolve(Buffer.concat(chunks).toString());
    });
  });
}

function tooMuch(socketPath: string): CourierError {
  return new CourierError('PEER', `${socketPath}: the answer is no end of text`);
}

function toFault(error: unknown, socketPath: string): CourierError {
  if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(errorCode(error) ?? '')) {
    return new CourierError(
      'UNREACHABLE',
      `no collector answers at ${socketPath}; is cmk-courier collect running?`,
      { cause: error },
    );
  }
  // The queue of connections that the listener has not accepted yet is full (connect(2)).
  if (errorCode(error) === 'EAGAIN') {
    const what = `the collector at ${socketPath} takes no more questions; it may be stopped (SIGSTOP)`;
    return new CourierError('UNREACHABLE', what, { cause: error });
  }
  return asCourierError(error, `asking the collector at ${socketPath}`);
}
