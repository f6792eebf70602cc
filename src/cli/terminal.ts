/** Questions to whoever sits at the terminal, whatever stdin and stdout are. */

import { CourierError } from '../faults/errors.ts';
import { closeFile, openFile, readFromFile, writeToFile } from '../files/file-calls.ts';

/**
 * Whether a question is answered with yes.
 *
 * @throws CourierError USAGE without a terminal; the signal's reason
 */
export async function askYesOrNo(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = await openFile('/dev/tty', 'r+').catch((error: unknown) => {
    const message = 'there is no terminal to ask on; --yes or --fingerprint answers beforehand';
    throw new CourierError('USAGE', message, { cause: error });
  });
  const asking = ask(terminal, `${question} (yes/no) `);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    asking.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
    if (signal.aborted) abort();
  });
}

/** A terminal hands over a line at a time. */
async function ask(terminal: number, question: string): Promise<boolean> {
  try {
    await writeToFile(terminal, question);
    const line = Buffer.alloc(1024);
    const { bytesRead } = await readFromFile(terminal, line, 0, line.length, null);
    return /^y(es)?$/i.test(line.toString('utf8', 0, bytesRead).trim());
  } finally {
    await closeFile(terminal);
  }
}
