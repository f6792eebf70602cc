/**
 * The calls into the file system, as promises. `node:fs/promises` has the same, but takes 1.5 ms to
 * load. None of them blocks the event loop: a dead network file system must not keep the program
 * from seeing its deadline.
 */

import * as fs from 'node:fs';
import { promisify } from 'node:util';

export const changeMode = promisify(fs.chmod);
export const closeFile = promisify(fs.close);
export const fileStatus = promisify(fs.fstat);
/** Of the file system that a path is on. */
export const fileSystemStatus = promisify(fs.statfs);
/** Of the link itself, where the path is one. */
export const linkStatus = promisify(fs.lstat);
/** A further name for a file; rejects where there is something of that name. */
export const makeLink = promisify(fs.link);
export const makeDirectory = promisify(fs.mkdir);
export const makeTemporaryDirectory = promisify(fs.mkdtemp);
export const openFile = promisify(fs.open);
export const pathStatus = promisify(fs.stat);
export const readDirectory = promisify(fs.readdir);
export const readFromFile = promisify(fs.read);
export const readLink = promisify(fs.readlink);
export const readWholeFile = promisify(fs.readFile);
/** A file or a directory with all in it, as `rm` does. */
export const remove = promisify(fs.rm);
export const removeFile = promisify(fs.unlink);
export const renameFile = promisify(fs.rename);
export const requireAccess = promisify(fs.access);
export const resolveLinks = promisify(fs.realpath);
/** Content and all of the metadata. */
export const syncAll = promisify(fs.fsync);
/** Content, and of the metadata only what reading it back needs. */
export const syncFile = promisify(fs.fdatasync);
export const writeBuffers = promisify(fs.writev);
export const writeToFile = promisify(fs.write);
export const writeWholeFile = promisify(fs.writeFile);

/** All links followed; in bytes, since not every file name is UTF-8. */
export function resolveLinksInBytes(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    fs.realpath.native(path, 'buffer', (error, real) => (error ? reject(error) : resolve(real)));
  });
}
