/** The assistant's side of the talk: every step is shown before it is done. */

import type { CommandContext } from '../../cli/command.ts';
import { askLine } from '../../cli/terminal.ts';
import { CourierError } from '../../faults/errors.ts';

export interface Manner {
  /** Every step shown is done without asking. */
  readonly yes: boolean;
  /** No step is done. */
  readonly dryRun: boolean;
}

export class Conversation {
  readonly #context: CommandContext;
  readonly #manner: Manner;

  constructor(context: CommandContext, manner: Manner) {
    this.#context = context;
    this.#manner = manner;
  }

  get isDry(): boolean {
    return this.#manner.dryRun;
  }

  /** Whether somebody is asked at all. */
  get asks(): boolean {
    return !this.#manner.yes && !this.#manner.dryRun;
  }

  async say(...lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join('');
    if (text !== '') await this.#context.writeOutput(Buffer.from(text));
  }

  /**
   * What somebody types.
   *
   * @param option what would have answered it
   * @throws CourierError USAGE where nobody may be asked
   */
  async ask(question: string, option: string, preset = ''): Promise<string> {
    if (!this.asks) {
      if (preset !== '') return preset;
      throw new CourierError('USAGE', `${option} is missing; without --yes it is asked for`);
    }
    const shown = preset === '' ? '' : ` [${preset}]`;
    const line = await askLine(
      `${question}${shown}: `,
      `${option} answers`,
      this.#context.shutdown,
    );
    return line === '' ? preset : line;
  }

  /**
   * Whether a step that was shown shall be done.
   *
   * @param wanted the answer of somebody who only presses Return
   */
  async agree(question: string, wanted = true): Promise<boolean> {
    if (this.#manner.dryRun) return false;
    if (this.#manner.yes) return wanted;
    const choice = wanted ? 'Y/n' : 'y/N';
    const line = await askLine(`${question} [${choice}] `, '--yes answers', this.#context.shutdown);
    return line === '' ? wanted : /^y(es)?$/i.test(line);
  }
}
