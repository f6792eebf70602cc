/** Unix sockets that only our own user may connect to. */

import { connect, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import {
  changeMode,
  linkStatus,
  makeTemporaryDirectory,
  remove,
  renameFile,
} from '../../files/file-calls.ts';
import { requireTrusted } from '../../system/trusted-path.ts';

/**
 * Made in a directory that nobody else may enter, and moved to its place with mode 0600, so that it
 * is never there with another mode. What a process that was killed left behind is replaced.
 *
 * @throws CourierError LOCAL when somebody listens there already, or it cannot be made; CONFIG
 */
export async function listenAtPath(server: Server, path: string): Promise<void> {
  await requireTrusted(dirname(path));
  if (await isServed(path)) {
    throw new CourierError('LOCAL', `somebody else listens at ${path} already`);
  }
  await requireSocket(path);
  const parent = dirname(path);
  try {
    const directory = await makeTemporaryDirectory(join(parent, '.sp-'));
    try {
      // Short: the path of a socket has at most 107 bytes (unix(7)).
      const fresh = join(directory, basename(path).slice(0, 4));
      await begin(server, fresh);
      await changeMode(fresh, 0o600);
      await renameFile(fresh, path);
    } finally {
      await remove(directory, { recursive: true, force: true });
    }
  } catch (error) {
    throw asCourierError(error, `listening at ${path}`);
  }
}

/** What is no socket is somebody's file, and is not replaced. */
async function requireSocket(path: string): Promise<void> {
  const found = await linkStatus(path).catch(() => undefined);
  if (found === undefined || found.isSocket()) return;
  throw new CourierError('CONFIG', `${path} is there already and is no socket`);
}

function begin(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // One that has stopped, with as many waiting as it has room for, is still there.
    socket.on('error', (error) => resolve(errorCode(error) === 'EAGAIN'));
  });
}
