/** An IMAP server in this process that knows just enough to be asked, and may misbehave. */

import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { type HostileServer, startHostileServer } from '../../helpers/hostile-server.ts';

/** What is sent in place of the usual answer; undefined leaves the usual one. */
export type Misbehaviour = (
  command: string,
  tag: string,
  socket: Socket,
) => string | Buffer | undefined;

interface Settings {
  /** The only message there is. */
  readonly message: Buffer;
  readonly misbehave?: Misbehaviour;
  readonly greeting?: string;
  readonly capabilities?: string;
  readonly tls?: TlsOptions;
}

/** Answers with an empty text say nothing at all. */
export async function startFakeImap(settings: Settings): Promise<HostileServer> {
  const { greeting = '* OK ready\r\n', tls } = settings;
  const rest = new Map<Socket, string>();
  return startHostileServer(
    (socket, text) => {
      if (text === '') {
        if (greeting !== '') socket.write(greeting);
        return;
      }
      const lines = ((rest.get(socket) ?? '') + text).split('\r\n');
      rest.set(socket, lines.pop() ?? '');
      for (const line of lines) answer(socket, line, settings);
    },
    { speaksFirst: true, ...(tls === undefined ? {} : { tls }) },
  );
}

function answer(socket: Socket, line: string, settings: Settings): void {
  const [tag = '', ...words] = line.split(' ');
  const command = words.join(' ').toUpperCase();
  if (words.length === 0) {
    // The second line of AUTHENTICATE, whose tag is the last we gave out.
    socket.write(`${lastTag.get(socket)} OK in\r\n`);
    return;
  }
  lastTag.set(socket, tag);
  const special = settings.misbehave?.(command, tag, socket);
  if (special === undefined) socket.write(toUsual(command, tag, settings));
  else if (special.length > 0) socket.write(special);
}

const lastTag = new WeakMap<Socket, string>();

function toUsual(command: string, tag: string, settings: Settings): string | Buffer {
  const done = `${tag} OK done\r\n`;
  const { message, capabilities = 'IMAP4rev1 AUTH=PLAIN' } = settings;
  if (command.startsWith('CAPABILITY')) return `* CAPABILITY ${capabilities}\r\n${done}`;
  if (command.startsWith('AUTHENTICATE')) return '+ \r\n';
  if (command.startsWith('NAMESPACE')) return `* NAMESPACE (("" "/")) NIL NIL\r\n${done}`;
  if (command.startsWith('LIST')) return `* LIST (\\Noselect) "/" ""\r\n${done}`;
  if (/^(?:EXAMINE|SELECT)/.test(command)) {
    return `* 1 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n${tag} OK [READ-ONLY] done\r\n`;
  }
  if (command.startsWith('UID SEARCH')) return `* SEARCH 11\r\n${done}`;
  if (command.startsWith('UID FETCH')) return toFetched(command, message, done);
  return done;
}

/** The date and headers, or the window of the message that is asked for. */
function toFetched(command: string, message: Buffer, done: string): Buffer {
  const size = `UID 11 RFC822.SIZE ${message.length}`;
  if (command.includes('HEADER.FIELDS')) {
    const headers = message.subarray(0, message.indexOf('\r\n\r\n') + 4);
    const item = `INTERNALDATE "20-Nov-2026 10:00:00 +0000" BODY[HEADER.FIELDS (SUBJECT)]`;
    return toLiteral(`* 1 FETCH (${size} ${item}`, headers, done);
  }
  const [, start = '0', length = '0'] = /<(\d+)\.(\d+)>/.exec(command) ?? [];
  const window = message.subarray(Number(start), Number(start) + Number(length));
  return toLiteral(`* 1 FETCH (${size} BODY[]<${start}>`, window, done);
}

function toLiteral(before: string, bytes: Buffer, done: string): Buffer {
  return Buffer.concat([
    Buffer.from(`${before} {${bytes.length}}\r\n`),
    bytes,
    Buffer.from(`)\r\n${done}`),
  ]);
}
