/** What a file says, read again whenever it has changed: for the server, which asks often. */

import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus } from '../../files/file-calls.ts';
import { fileVersion } from '../../files/file-version.ts';

export class WatchedFile<Content> {
  readonly #path: string;
  readonly #read: () => Promise<Content>;
  #version = '';
  #content: Content | undefined;

  /** @param read of the path, also where there is no such file */
  constructor(path: string, read: () => Promise<Content>) {
    this.#path = path;
    this.#read = read;
  }

  /** @throws CourierError LOCAL; whatever `read` throws */
  async read(): Promise<Content> {
    const version = await this.#look();
    if (this.#content !== undefined && version === this.#version) return this.#content;
    const content = await this.#read();
    [this.#content, this.#version] = [content, version];
    return content;
  }

  async #look(): Promise<string> {
    try {
      return fileVersion(await pathStatus(this.#path));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'none';
      throw asCourierError(error, `reading ${this.#path}`);
    }
  }
}
