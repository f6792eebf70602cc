/** What arrives on several connections at once, in pieces, as it does from slow hosts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parseHostName } from '../../../src/names/host-name.ts';
import { isUnreadable } from '../../../src/times/stated-time.ts';
import { http } from '../../../src/transports/http/http.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { type Behaviour, withHostileServer } from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { toResponse, toSource } from './fetching.ts';

const hosts = Array.from({ length: 8 }, (_, n) => parseHostName(`host${n}`));
const baseMs = Date.parse('2026-11-28T00:00:00Z');

/** Each host has another time of production, and a body no other has a byte of. */
function timeOf(host: string): string {
  return new Date(baseMs + Number(host.slice(-1)) * 1000).toUTCString();
}

function bodyOf(host: string): Buffer {
  return Buffer.alloc(5000, host.slice(-1));
}

/** In pieces of that many bytes, a turn of the event loop apart. */
function inPieces(pieceBytes: number, head: Buffer): Behaviour {
  return async (socket, request) => {
    socket.setNoDelay(true);
    const host = /host\d/.exec(request)?.[0] ?? '';
    const fields = [`Last-Modified: ${timeOf(host)}`, `X-Of: ${host.repeat(9)}`];
    const response = Buffer.concat([head, toResponse(bodyOf(host), fields)]);
    for (let start = 0; start < response.length; ) {
      // The head in small pieces; of the body a few.
      const end = start + (start < 300 ? pieceBytes : 1000);
      socket.write(response.subarray(start, end));
      start = end;
      await setImmediate();
    }
  };
}

const early = Buffer.from('HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\nLink: </a>\r\n\r\n');
const nothing = Buffer.alloc(0);

for (const [name, pieceBytes, head] of [
  ['every few bytes', 3, nothing],
  ['within lines', 37, nothing],
  ['behind an early head that names a length', 11, early],
] as const) {
  test(`nothing of one host shows up at another when all are cut ${name}`, async () => {
    await withHostileServer(inPieces(pieceBytes, head), async ({ port }) => {
      const source = toSource(`http://127.0.0.1:${port}/{host}`);
      await withTransport(http, source, makeOpenContext(), async (transport) => {
        for (const _ of [1, 2, 3]) {
          const fetchOne = async (host: (typeof hosts)[number]) => {
            const target = { host, address: '127.0.0.1' };
            const { output, producedAt } = await transport.fetch(target, AbortSignal.timeout(5000));
            const isTime = producedAt !== undefined && !isUnreadable(producedAt);
            const time = isTime ? producedAt.toUTCString() : 'none';
            assert.deepEqual([time, output], [timeOf(host), bodyOf(host)]);
          };
          await Promise.all(hosts.map(fetchOne));
        }
      });
    });
  });
}
