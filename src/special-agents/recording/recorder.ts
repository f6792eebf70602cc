/** Writes down what a recipe asks and is answered, and plays it back. */

import { join } from 'node:path';
import { CourierError, quote } from '../../faults/errors.ts';
import { redactSecrets } from '../../faults/redaction.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { makeDirectory, readDirectory, readWholeFile, removeFile } from '../../files/file-calls.ts';
import { replaceFile } from '../../system/durable-files.ts';
import type { Exchange, ShownRequest } from '../exchange.ts';
import type { Reply } from '../recipe/step.ts';
import {
  type Ended,
  type Replace,
  readTranscript,
  type Transcript,
  toTranscript,
} from './transcript.ts';

interface Written {
  readonly step: string;
  readonly request: ShownRequest;
  readonly ended: Ended;
}

const transcriptName = /^\d+-([A-Za-z]\w*)\.txt$/;

const isTranscript = (name: string) => transcriptName.test(name);

/** Asks for real and keeps all of it; a secret may come to be known only later in the run. */
export class Recorder implements Exchange {
  readonly isPlayedBack = false;
  readonly #written: Written[] = [];

  async ask(step: string, request: ShownRequest, send: () => Promise<Reply>): Promise<Reply> {
    try {
      const reply = await send();
      this.#written.push({ step, request, ended: { reply } });
      return reply;
    } catch (thrown) {
      const error = asCourierError(thrown, 'asking');
      this.#written.push({ step, request, ended: { error } });
      throw error;
    }
  }

  /**
   * Writes a file for each question, private to us, in place of those of an earlier recording.
   *
   * @returns how many
   * @throws CourierError LOCAL
   */
  async write(directory: string, replace: Replace): Promise<number> {
    if (this.#written.length === 0) return 0;
    try {
      await makeDirectory(directory, { recursive: true, mode: 0o700 });
      for (const name of (await readDirectory(directory)).filter(isTranscript)) {
        await removeFile(join(directory, name));
      }
      for (const [index, { step, request, ended }] of this.#written.entries()) {
        const name = `${String(index + 1).padStart(4, '0')}-${step}.txt`;
        await replaceFile(join(directory, name), toTranscript(request, ended, replace));
      }
      return this.#written.length;
    } catch (error) {
      throw asCourierError(error, `writing the recording ${directory}`);
    }
  }
}

/** Answers from a recording. */
export class Player implements Exchange {
  readonly isPlayedBack = true;
  readonly #directory: string;
  readonly #trace: (line: string) => void;
  /** By step and question, in the order of recording. */
  readonly #answers: Map<string, Transcript[]>;

  /**
   * @param trace shows what was said and heard in a dialogue
   * @throws CourierError LOCAL, CONFIG
   */
  static async open(directory: string, trace: (line: string) => void): Promise<Player> {
    const answers = new Map<string, Transcript[]>();
    try {
      const names = await readDirectory(directory);
      for (const name of names.toSorted()) {
        const [, step] = transcriptName.exec(name) ?? [];
        if (step === undefined) continue;
        const text = (await readWholeFile(join(directory, name))).toString();
        const transcript = readTranscript(text, join(directory, name));
        const key = toKey(step, transcript.line);
        answers.set(key, [...(answers.get(key) ?? []), transcript]);
      }
    } catch (error) {
      throw asCourierError(error, `reading the recording ${directory}`);
    }
    if (answers.size === 0) {
      throw new CourierError('CONFIG', `${directory} holds no recording: no file NUMBER-STEP.txt`);
    }
    return new Player(directory, trace, answers);
  }

  private constructor(
    directory: string,
    trace: (line: string) => void,
    answers: Map<string, Transcript[]>,
  ) {
    this.#directory = directory;
    this.#trace = trace;
    this.#answers = answers;
  }

  async ask(step: string, { line }: ShownRequest): Promise<Reply> {
    const shown = redactSecrets(line);
    const left = this.#answers.get(toKey(step, shown)) ?? [];
    // The last answer is given as often as it is asked for.
    const found = left.length > 1 ? left.shift() : left[0];
    if (found === undefined) {
      throw new CourierError('LOCAL', `${this.#directory} has no answer to ${quote(shown)}`);
    }
    for (const one of found.spoken) this.#trace(`${step}: ${one}`);
    if ('error' in found.ended) throw found.ended.error;
    return found.ended.reply;
  }
}

/** Where it was asked does not matter: a recording is of one peer. */
function toKey(step: string, line: string): string {
  const [method = '', url = ''] = line.split(' ');
  return `${step} ${method} ${url.replace(/^[a-z0-9+.-]+:\/\/[^/?#]*/i, '')}`;
}
