/** From a server of NATS to a socket on which it has introduced itself, encrypted where it has to be. */

import type { Socket } from 'node:net';
import { CourierError } from '../faults/errors.ts';
import { waitFor } from '../system/waiting.ts';
import { openSocket } from '../web/socket.ts';
import { startTls, type TlsSettings } from '../web/tls.ts';
import { FrameFilter } from './frame-filter.ts';
import { type NatsServer, showServer } from './servers.ts';

export interface DialSettings {
  readonly tls: TlsSettings;
  /** Whether a connection without encryption is refused. */
  readonly mustEncrypt: boolean;
  /** TLS begins at once, and the server introduces itself within it. */
  readonly tlsFirst: boolean;
  /** Of a message, with its headers. */
  readonly mostMessageBytes: number;
}

/** A connected socket, and what the server has said on it. */
export class Dialled {
  readonly socket: Socket;
  /** The INFO line, which comes ahead of TLS unless that is first (nats.md#tls). */
  readonly introduction: readonly Buffer[];
  readonly filter: FrameFilter;
  readonly isEncrypted: boolean;

  constructor(socket: Socket, { said, filter }: Introduced, isEncrypted: boolean) {
    this.socket = socket;
    this.introduction = said;
    this.filter = filter;
    this.isEncrypted = isEncrypted;
  }
}

/** What a server says first. */
interface Introduced {
  readonly said: readonly Buffer[];
  /** Has passed it. */
  readonly filter: FrameFilter;
  readonly needsTls: boolean;
  readonly offersTls: boolean;
}

/**
 * Connects; when it rejects there is no socket left.
 *
 * @throws CourierError, the signal's reason included
 */
export async function dial(
  server: NatsServer,
  settings: DialSettings,
  signal: AbortSignal,
): Promise<Dialled> {
  const plain = await openSocket({ ...server, family: 0 }, signal);
  const peer = { shown: showServer(server), host: server.host, isKnown: true };
  const encrypt = () => startTls(plain, peer, settings.tls, signal);
  try {
    const first = settings.tlsFirst ? await encrypt() : plain;
    const introduced = await listen(first, server, settings, signal);
    if (settings.tlsFirst) return new Dialled(first, introduced, true);
    const isEncrypted = wantsTls(introduced, settings, server);
    return new Dialled(isEncrypted ? await encrypt() : plain, introduced, isEncrypted);
  } catch (error) {
    plain.destroy();
    throw error;
  }
}

/** @throws CourierError REFUSED when it has to be, and the server does not offer it */
function wantsTls(
  { needsTls, offersTls }: Introduced,
  { mustEncrypt }: DialSettings,
  server: NatsServer,
): boolean {
  if (needsTls || !mustEncrypt || offersTls) return needsTls || mustEncrypt;
  const why = 'the server offers no TLS; --allow-plaintext would do without';
  throw new CourierError('REFUSED', `connecting to ${showServer(server)}: ${why}`);
}

/** Reads one line: a server says nothing more before it is spoken to. */
async function listen(
  socket: Socket,
  server: NatsServer,
  { mostMessageBytes }: DialSettings,
  signal: AbortSignal,
): Promise<Introduced> {
  const doing = `connecting to ${showServer(server)}`;
  const filter = new FrameFilter(mostMessageBytes, showServer(server));
  const said: Buffer[] = [];
  const introduced = await waitFor<Introduced>(socket, signal, (resolve, reject) => ({
    data: (piece) => {
      try {
        said.push(...filter.pass(piece));
        if (said.length > 0) resolve({ said, filter, ...readInfo(Buffer.concat(said), doing) });
      } catch (error) {
        reject(error);
      }
    },
    end: () => reject(new CourierError('UNREACHABLE', `${doing}: the peer hung up without a word`)),
  }));
  socket.pause();
  return introduced;
}

/** The fields of INFO that speak of TLS; its form the filter has checked. */
function readInfo(line: Buffer, doing: string): Pick<Introduced, 'needsTls' | 'offersTls'> {
  const [, json] = /^info[ \t]+(.*)\r\n/i.exec(line.toString()) ?? [];
  if (json === undefined) {
    throw new CourierError('PEER', `${doing}: the peer does not introduce itself as one of NATS`);
  }
  const info: unknown = JSON.parse(json);
  const says = (name: string) =>
    typeof info === 'object' && info !== null && Reflect.get(info, name) === true;
  return {
    needsTls: says('tls_required'),
    offersTls: says('tls_available') || says('tls_required'),
  };
}
