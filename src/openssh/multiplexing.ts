/** Connections of OpenSSH that outlive a fetch: where their control sockets are. */

import { join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { makeOwnDirectory } from '../system/private-directory.ts';
import { parseSshPath, quoteValue } from './values.ts';

/** A socket's path ends at 107 bytes, and ssh makes it under a name 17 longer first. */
const longestPath = 107 - 17;
const nameLength = 32;

/** A connection that stays, whether it is there already or not. */
interface KeptConnection {
  /** What makes ssh keep it, or use it. */
  readonly settings: readonly string[];
  /** Whether the process that keeps it is there. Never rejects. */
  isThere(): Promise<boolean>;
  /**
   * Waits for what runs over it. When the signal aborts, something hangs at its other end, which
   * would go on there once more with each fetch: so nobody comes to it any more, and it is ended
   * as soon as nobody else of this process uses it.
   */
  lend<Result>(signal: AbortSignal, use: () => Promise<Result>): Promise<Result>;
}

/** @param where it leads */
export type KeepConnection = (settings: readonly string[], where: string) => KeptConnection;

/**
 * Makes the directory for control sockets.
 *
 * @param persistMs how long a connection stays that nobody uses
 * @throws CourierError LOCAL; REFUSED when somebody else could have made the directory
 */
export async function prepareMultiplexing(
  persistMs: number,
  env: Environment,
): Promise<KeepConnection> {
  const directory = findDirectory(env);
  await makeOwnDirectory(directory, 'control sockets');
  const { createHash } = await import('node:crypto');
  const users = new Map<string, number>();
  const condemned = new Set<string>();
  /** How many connections to a place were given up while others used them. */
  const givenUp = new Map<string, number>();
  return (settings, where) => {
    // ssh's own %C leaves out the key: a wrong key would get in through a connection made with the
    // right one.
    const key = JSON.stringify([where, settings]);
    const before = givenUp.get(key) ?? 0;
    const sum = createHash('sha256').update(before === 0 ? key : `${key} ${before}`);
    const path = join(directory, sum.digest('hex').slice(0, nameLength));
    const own = [
      'ControlMaster=auto',
      `ControlPath=${quoteValue(path)}`,
      `ControlPersist=${Math.ceil(persistMs / 1000)}`,
    ];
    return {
      settings: own,
      isThere: () => tell(path),
      async lend(signal, use) {
        users.set(path, (users.get(path) ?? 0) + 1);
        try {
          return await use();
        } catch (error) {
          if (signal.aborted) condemned.add(path);
          throw error;
        } finally {
          const others = (users.get(path) ?? 1) - 1;
          if (others > 0) {
            users.set(path, others);
            if (condemned.has(path)) givenUp.set(key, before + 1);
          } else {
            users.delete(path);
            if (condemned.delete(path)) await endConnection(path);
          }
        }
      },
    };
  };
}

/** Messages of OpenSSH's PROTOCOL.mux: HELLO in version 4, and TERMINATE as the first request. */
const endMessages = [
  [8, 0x00000001, 4],
  [8, 0x10000005, 0],
];

/** How long a healthy connection may take to answer. */
const answerMs = 200;

/** Ends a connection that is kept, and all that runs over it. Never rejects. */
export async function endConnection(path: string): Promise<void> {
  const numbers = endMessages.flat();
  const message = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) message.writeUInt32BE(number, index * 4);
  await tell(path, message);
}

/** Waits until the other end closes, too; false when there is none. */
async function tell(path: string, message = Buffer.alloc(0)): Promise<boolean> {
  const { connect } = await import('node:net');
  const socket = connect(path);
  let isThere = false;
  return new Promise((resolve) => {
    socket.on('connect', () => {
      isThere = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(isThere));
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.resume().end(message);
  });
}

/** The site's, else the user's own; what is too long for a socket is left out. */
function findDirectory({ OMD_ROOT, XDG_RUNTIME_DIR }: Environment): string {
  const wanted = [
    ...(OMD_ROOT ? [join(OMD_ROOT, 'tmp/cmk-courier/ssh')] : []),
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'cmk-courier/ssh')] : []),
  ];
  const fitting = wanted.find((path) => Buffer.byteLength(path) + 1 + nameLength <= longestPath);
  return parseSshPath(fitting ?? `/tmp/cmk-courier-${process.geteuid?.()}`);
}
