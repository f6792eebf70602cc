/** Questions to whoever sits at the terminal, whatever stdin and stdout are. */

import { CourierError } from '../faults/errors.ts';
import { closeFile, openFile, readFromFile, writeToFile } from '../files/file-calls.ts';

/**
 * Whether a question is answered with yes.
 *
 * @param beforehand the options that would have answered it, for the error
 * @throws CourierError USAGE without a terminal; the signal's reason
 */
export async function askYesOrNo(
  question: string,
  beforehand: string,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await askLine(`${question} (yes/no) `, beforehand, signal);
  return /^y(es)?$/i.test(answer);
}

/**
 * What is typed behind a question, without blanks around it.
 *
 * @param beforehand the options that would have answered it, for the error
 * @throws CourierError USAGE without a terminal; the signal's reason
 */
export async function askLine(
  question: string,
  beforehand: string,
  signal: AbortSignal,
): Promise<string> {
  const terminal = await openTerminal(beforehand);
  const asking = ask(terminal, question);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    asking.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
    if (signal.aborted) abort();
  });
}

/** A terminal hands over a line at a time. */
async function ask(terminal: number, question: string): Promise<string> {
  try {
    await writeToFile(terminal, question);
    const line = Buffer.alloc(4096);
    const { bytesRead } = await readFromFile(terminal, line, 0, line.length, null);
    // The end of what is typed is no answer, and least of all the usual one.
    if (bytesRead === 0) throw new CourierError('USAGE', 'no answer: the terminal was closed');
    return line.toString('utf8', 0, bytesRead).trim();
  } finally {
    await closeFile(terminal);
  }
}

/**
 * The terminal of the user, whatever stdin is.
 *
 * @param beforehand the options that would have answered the question, for the error
 * @throws CourierError USAGE without a terminal
 */
export function openTerminal(beforehand: string): Promise<number> {
  return openFile('/dev/tty', 'r+').catch((error: unknown) => {
    const message = `there is no terminal to ask on; ${beforehand} beforehand`;
    throw new CourierError('USAGE', message, { cause: error });
  });
}
