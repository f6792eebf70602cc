/** Messages of relays as anybody may write them, good ones and others. */

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type RunningReceiver, site } from '../receiver/running-receiver.ts';

/** Sends a message as somebody who has the token of a relay may. */
export async function post(receiver: RunningReceiver, token: string, content: Buffer) {
  const { port, certificates } = receiver;
  const options = {
    ...{
      method: 'POST',
      port,
      path: `/${site}/v1/relay`,
      ca: readFileSync(join(certificates.directory, 'ca.pem')),
    },
    headers: { authorization: `Bearer ${token}` },
  };
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  request(`https://127.0.0.1`, options, async (response) => {
    resolve({ status: response.statusCode ?? 0, body: await text(response) });
  })
    .on('error', reject)
    .end(gzipSync(content));
  return promise;
}

/** What every message says. */
const note = { version: '1', startedAtMs: 0, sentAtMs: 0, contactMs: 1000, hosts: 1, waiting: 0 };
export const messageOf = (head: object, ...bodies: readonly string[]) =>
  Buffer.from(`${JSON.stringify({ ...note, ...head })}\n${bodies.join('')}`);
