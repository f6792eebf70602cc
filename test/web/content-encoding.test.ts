/** Content codings, sound and broken. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { decodeContent } from '../../src/web/content-encoding.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { withHostileServer } from '../helpers/hostile-server.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { fetchOutput, toResponse } from '../transports/http/fetching.ts';

const output = Buffer.from(`<<<check_mk>>>\n${randomBytes(2000).toString('hex')}\n`);
const limit = { maxOutputBytes: 1_000_000 };

const codings = [
  { name: 'gzip', header: 'gzip', encode: gzipSync },
  { name: 'x-gzip', header: 'X-GZip', encode: gzipSync },
  { name: 'deflate with its wrapper', header: 'deflate', encode: deflateSync },
  { name: 'deflate without', header: 'deflate', encode: deflateRawSync },
  { name: 'br', header: 'br', encode: brotliCompressSync },
  { name: 'zstd', header: 'zstd', encode: zstdCompressSync },
] as const;

for (const { name, header, encode } of codings) {
  describe(`content in ${name}`, () => {
    test('comes out as it was', async () => {
      assert.deepEqual(await decodeContent(encode(output), header, limit), output);
    });

    test('may be as large as is allowed, and not a byte larger', async () => {
      const exactly = { maxOutputBytes: output.length };
      assert.deepEqual(await decodeContent(encode(output), header, exactly), output);
      const less = { maxOutputBytes: output.length - 1 };
      await expectFault(decodeContent(encode(output), header, less), 'TOO_LARGE');
    });

    test('that is a bomb is TOO_LARGE', async () => {
      const bomb = encode(Buffer.alloc(50_000_000));
      await expectFault(decodeContent(bomb, header, limit), 'TOO_LARGE');
    });

    test('cut anywhere is MALFORMED', async () => {
      const whole = encode(output);
      for (let tenth = 1; tenth < 10; tenth += 1) {
        const part = whole.subarray(0, Math.floor((whole.length * tenth) / 10));
        await expectFault(decodeContent(part, header, limit), 'MALFORMED');
      }
      await expectFault(decodeContent(whole.subarray(0, -1), header, limit), 'MALFORMED');
    });

    test('that is something else is MALFORMED', async () => {
      await expectFault(decodeContent(output, header, limit), 'MALFORMED');
    });
  });
}

describe('a response', () => {
  test('asks for every coding that is understood', async () => {
    await withHostileServer(
      (socket) => void socket.end(toResponse('abc')),
      async ({ port, requests }) => {
        await fetchOutput(`http://127.0.0.1:${port}/`);
        assert.match(requests.join(''), /^accept-encoding: gzip, deflate, br, zstd\r$/m);
      },
    );
  });

  test('with several codings is decoded from the last to the first', async () => {
    const body = brotliCompressSync(gzipSync(output));
    assert.deepEqual(await decodeContent(body, 'gzip, identity , br', limit), output);
  });

  test('with an unknown coding is PEER', async () => {
    for (const header of ['compress', 'gzip;q=1', 'constructor', 'gzip, aes128gcm']) {
      await expectFault(
        decodeContent(output, header, limit),
        'PEER',
        /^unknown content encoding "/,
      );
    }
  });

  test('with more codings than anybody needs is PEER', async () => {
    const chain = Array.from({ length: 5 }, () => 'gzip').join(',');
    await expectFault(decodeContent(output, chain, limit), 'PEER', /^more than 4 /);
  });

  test('without a coding, or without a body, is left alone', async () => {
    assert.equal(await decodeContent(output, undefined, limit), output);
    assert.equal(await decodeContent(output, 'identity', limit), output);
    assert.equal((await decodeContent(Buffer.alloc(0), 'gzip', limit)).length, 0);
  });

  test('that breaks when decoded says where it came from', async () => {
    const broken = toResponse(gzipSync(output).subarray(0, -9), ['Content-Encoding: gzip']);
    await withHostileServer(
      (socket) => void socket.end(broken),
      async ({ port }) => {
        const uri = `http://127.0.0.1:${port}/out?token=geheim`;
        const start = new RegExp(`^http://127.0.0.1:${port}/out\\?…: damaged gzip data`);
        await expectFault(fetchOutput(uri), 'MALFORMED', start);
      },
    );
  });

  test('is a bomb only for the limit of the one who asks', async () => {
    const body = toResponse(gzipSync(Buffer.alloc(5_000_000)), ['Content-Encoding: gzip']);
    await withHostileServer(
      (socket) => void socket.end(body),
      async ({ port }) => {
        const uri = `http://127.0.0.1:${port}/`;
        assert.equal((await fetchOutput(uri)).output.length, 5_000_000);
        const context = makeOpenContext({ maxOutputBytes: 4_999_999 });
        await expectFault(fetchOutput(uri, {}, context), 'TOO_LARGE');
      },
    );
  });
});
