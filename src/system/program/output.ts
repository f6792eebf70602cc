/** What a program writes, as far as it is kept. */

const longestStderr = 16 * 1024;

export class ProgramOutput {
  readonly #maxBytes: number;
  readonly #stdout: Buffer[] = [];
  #stdoutBytes = 0;
  #stderr = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  /** The last 16 kB of it. */
  get stderr(): string {
    return this.#stderr.toString();
  }

  /** @returns false for what is more than allowed; it is not kept */
  addStdout(piece: Buffer): boolean {
    this.#stdoutBytes += piece.length;
    if (this.#stdoutBytes > this.#maxBytes) return false;
    this.#stdout.push(piece);
    return true;
  }

  addStderr(piece: Buffer): void {
    this.#stderr = Buffer.concat([this.#stderr, piece]).subarray(-longestStderr);
  }
}
