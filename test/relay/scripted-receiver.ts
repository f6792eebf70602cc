/** A peer that answers relays as a test says, with the certificate of a receiver. */

import { createServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { CertificateStore } from '../../src/certs/store.ts';
import { type ArrivedMessage, readMessage, type Verdict } from '../../src/relay/message.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly verdicts?: readonly Verdict[];
}

export interface ScriptedReceiver {
  readonly port: number;
  readonly certificates: CertificateStore;
}

/** All that is in a message is taken. */
export function takeAll({ entries }: ArrivedMessage): ScriptedAnswer {
  return { status: 200, verdicts: entries.map(({ host }) => ({ host, status: 204 })) };
}

export async function startScripted(
  owner: Owner,
  certificates: CertificateStore,
  answer: (message: ArrivedMessage) => ScriptedAnswer | 'none',
): Promise<ScriptedReceiver> {
  const { serverKey, serverCert } = certificates;
  const server = createServer({ key: serverKey, cert: serverCert }, async (request, response) => {
    const said = answer(readMessage(gunzipSync(await buffer(request))));
    if (said === 'none') return;
    const { status, headers = {}, verdicts = [] } = said;
    response.writeHead(status, headers);
    response.end(JSON.stringify({ nowMs: Date.now(), relay: 'far1', verdicts }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owner.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, certificates };
}
