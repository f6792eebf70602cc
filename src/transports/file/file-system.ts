/**
 * The calls into the file system this transport makes. They are the asynchronous ones: a call
 * into a dead network file system must not keep the program from seeing its deadline.
 * `node:fs/promises` would do the same, but has to be loaded first.
 */

import * as fs from 'node:fs';
import { promisify } from 'node:util';

export const closeFile = promisify(fs.close);
export const fileStatus = promisify(fs.fstat);
export const openFile = promisify(fs.open);
export const pathStatus = promisify(fs.stat);
export const readDirectory = promisify(fs.readdir);
export const readFromFile = promisify(fs.read);
export const readLink = promisify(fs.readlink);

/** All links followed; in bytes, since not every name is UTF-8. */
export function realPath(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    fs.realpath.native(path, 'buffer', (error, real) => (error ? reject(error) : resolve(real)));
  });
}
