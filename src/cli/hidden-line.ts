/** A question whose answer is not shown: passphrases. */

import { ReadStream } from 'node:tty';
import { CourierError } from '../faults/errors.ts';
import { closeFile, writeToFile } from '../files/file-calls.ts';
import { openTerminal } from './terminal.ts';

/** More than anybody types. */
const longestLine = 4096;

/**
 * What is typed behind a question, which is not shown. Whatever stdin is, it is asked on the
 * terminal.
 *
 * @param beforehand the options that would have answered it, for the error
 * @throws CourierError USAGE without a terminal, or when it is closed; INTERRUPTED for Ctrl-C; the
 * signal's reason
 */
export async function askHidden(
  question: string,
  beforehand: string,
  signal: AbortSignal,
): Promise<string> {
  const terminal = await openTerminal(beforehand);
  const stream = new ReadStream(terminal);
  try {
    stream.setRawMode(true);
    await write(terminal, question);
    return await readLine(stream, signal);
  } finally {
    stream.setRawMode(false);
    await write(terminal, '\n');
    stream.destroy();
    await closeFile(terminal).catch(() => undefined);
  }
}

async function write(terminal: number, text: string): Promise<void> {
  await writeToFile(terminal, text).catch(() => undefined);
}

/** In raw mode nothing is done for us: end, erasing and Ctrl-C come as bytes. */
function readLine(stream: ReadStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = Buffer.alloc(0);
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    stream.on('error', () => reject(closed()));
    stream.on('end', () => reject(closed()));
    stream.on('data', (chunk: Buffer) => {
      for (const byte of chunk) {
        if (byte === 0x0d || byte === 0x0a) return resolve(typed.toString('utf8'));
        if (byte === 0x03) return reject(new CourierError('INTERRUPTED', 'ended by Ctrl-C'));
        if (byte === 0x04 && typed.length === 0) return reject(closed());
        if (byte === 0x7f || byte === 0x08) typed = withoutLast(typed);
        else if (byte === 0x15) typed = Buffer.alloc(0);
        else if (byte >= 0x20 && typed.length < longestLine) {
          typed = Buffer.concat([typed, Buffer.from([byte])]);
        }
      }
    });
  });
}

/** Without its last character, which may have several bytes. */
function withoutLast(typed: Buffer): Buffer<ArrayBuffer> {
  return Buffer.from(Array.from(typed.toString('utf8')).slice(0, -1).join(''));
}

function closed(): CourierError {
  return new CourierError('USAGE', 'no answer: the terminal was closed');
}
