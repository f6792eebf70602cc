/** The library of NATS, on connections of our own. */

import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { version } from '../version.ts';
import { decodeHeaders } from './header-lines.ts';
import { type DialledOptions, SocketTransport } from './socket-transport.ts';

/**
 * Introduces us to the server on the socket of the options and logs in.
 *
 * @throws what the library throws
 */
export async function connectOver(options: DialledOptions): Promise<NatsConnection> {
  const { MsgHdrsImpl, NatsConnectionImpl, setTransportFactory } = await import(
    '@nats-io/transport-node'
  );
  // For all connections of the library; told each time, as its own connect() does.
  setTransportFactory({ factory: () => new SocketTransport(version) });
  MsgHdrsImpl.decode = (bytes) => decodeHeaders(MsgHdrsImpl, bytes);
  const given: ConnectionOptions = options;
  return NatsConnectionImpl.connect(given);
}
