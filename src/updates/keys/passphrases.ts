/** Where passphrases come from: a file, a descriptor, else the terminal. Never an argument. */

import { askHidden } from '../../cli/hidden-line.ts';
import { parseNumberWithin, parsePath } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { closeFile, readFromFile } from '../../files/file-calls.ts';
import type { Logger } from '../../logging/log.ts';
import { readSecretFile, Secret } from '../../secrets/secrets.ts';
import { parseAlias } from './key-ring.ts';

/** A file with the passphrase of one key, or of all that no other file is named for. */
export interface PassphraseFile {
  readonly alias: string | undefined;
  readonly path: string;
}

export const passphraseOptions = {
  passphraseFile: {
    kind: 'list',
    placeholder: '[KEY=]FILE',
    describe: 'file with the passphrase, of that key or of all; asked on the terminal unless given',
    parse: parsePassphraseFile,
  },
  passphraseFd: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'open file descriptor to read passphrases from, a line for each in turn',
    parse: parseNumberWithin(0, 1023),
  },
} as const satisfies OptionTable;

function parsePassphraseFile(text: string): PassphraseFile {
  const [, alias, path] = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,39})=(.+)$/.exec(text) ?? [];
  if (alias === undefined || path === undefined) return { alias: undefined, path: parsePath(text) };
  return { alias: parseAlias(alias), path: parsePath(path) };
}

export interface PassphraseWishes {
  readonly passphraseFile: readonly PassphraseFile[];
  readonly passphraseFd: number | undefined;
}

export interface PassphraseContext {
  readonly log: Logger;
  readonly shutdown: AbortSignal;
}

/** Shorter ones are guessed too soon, however dear a guess is. */
const fewestCharacters = 12;

/** Asks for a passphrase once a key. */
export class Passphrases {
  readonly #wishes: PassphraseWishes;
  readonly #context: PassphraseContext;
  readonly #known = new Map<string, Secret>();
  #lines: string[] | undefined;

  constructor(wishes: PassphraseWishes, context: PassphraseContext) {
    this.#wishes = wishes;
    this.#context = context;
  }

  /**
   * The passphrase of a key that there is.
   *
   * @throws CourierError USAGE without a terminal to ask on; CONFIG, LOCAL as for a file
   */
  async of(alias: string): Promise<Secret> {
    const known = this.#known.get(alias);
    if (known !== undefined) return known;
    const secret = (await this.#given(alias)) ?? (await this.#ask(`passphrase of ${alias}: `));
    this.#known.set(alias, secret);
    return secret;
  }

  /**
   * The passphrase that a key is to get; typed twice.
   *
   * @throws CourierError as {@link of}; USAGE when it is too short, or the two differ
   */
  async choose(alias: string): Promise<Secret> {
    const given = await this.#given(alias);
    const chosen = given ?? (await this.#ask(`new passphrase for ${alias}: `));
    if (chosen.reveal().length < fewestCharacters) {
      const what = `the passphrase for ${alias}`;
      throw new CourierError('USAGE', `${what} must have at least ${fewestCharacters} characters`);
    }
    if (given === undefined) {
      const again = await this.#ask('the same again: ');
      if (again.reveal() !== chosen.reveal()) {
        throw new CourierError('USAGE', 'the two passphrases differ; nothing is changed');
      }
    }
    this.#known.set(alias, chosen);
    return chosen;
  }

  async #given(alias: string): Promise<Secret | undefined> {
    const { passphraseFile: files, passphraseFd: descriptor } = this.#wishes;
    const own = files.find((file) => file.alias === alias);
    const file = own ?? files.find((one) => one.alias === undefined);
    if (file !== undefined) {
      return readSecretFile(file.path, '--passphrase-file', this.#context.log);
    }
    if (descriptor === undefined) return undefined;
    this.#lines ??= await readLines(descriptor);
    const line = this.#lines.shift();
    if (line !== undefined && line !== '') return new Secret(line);
    const why = `descriptor ${descriptor} has no line for it`;
    throw new CourierError('USAGE', `no passphrase for ${alias}: ${why}`);
  }

  async #ask(question: string): Promise<Secret> {
    const beforehand = '--passphrase-file or --passphrase-fd answers';
    return new Secret(await askHidden(question, beforehand, this.#context.shutdown));
  }
}

const mostBytes = 64 * 1024;

async function readLines(descriptor: number): Promise<string[]> {
  const buffer = Buffer.alloc(mostBytes);
  let length = 0;
  try {
    for (;;) {
      const left = mostBytes - length;
      const { bytesRead } = await readFromFile(descriptor, buffer, length, left, null);
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length === mostBytes) break;
    }
    await closeFile(descriptor);
  } catch (error) {
    throw asCourierError(error, `reading passphrases from descriptor ${descriptor}`);
  }
  const text = buffer.toString('utf8', 0, length);
  buffer.fill(0);
  return text.split(/\r?\n/);
}
