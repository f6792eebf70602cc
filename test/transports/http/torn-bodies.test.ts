/** Bodies that are cut, too long, too large, too slow, or without a length. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { CourierError } from '../../../src/faults/errors.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { type Behaviour, withHostileServer } from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { fetchOutput, toResponse } from './fetching.ts';

const output = `<<<check_mk>>>\nVersion: 2.4.0\n${'x'.repeat(1000)}\n`;
const head = 'HTTP/1.1 200 OK\r\n';
const chunkedHead = `${head}Transfer-Encoding: chunked\r\n`;

function toChunks(body: string, size = 100): string {
  const chunks = body.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`;
}

/** Sends all of it, then ends the connection. */
function say(...pieces: readonly (string | Buffer)[]): Behaviour {
  return (socket) => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
  };
}

/** Sends it, then resets the connection. */
function sayAndReset(text: string): Behaviour {
  return (socket) => {
    socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 20));
  };
}

async function fetchFrom(behaviour: Behaviour, maxOutputBytes = 1_000_000): Promise<Buffer> {
  let fetched: Buffer = Buffer.alloc(0);
  await withHostileServer(behaviour, async ({ port }) => {
    const context = makeOpenContext({ maxOutputBytes });
    fetched = (await fetchOutput(`http://127.0.0.1:${port}/`, {}, context)).output;
  });
  return fetched;
}

describe('a body with a length', () => {
  test('arrives whole', async () => {
    assert.equal(String(await fetchFrom(say(toResponse(output)))), output);
  });

  for (let tenth = 0; tenth < 10; tenth += 1) {
    test(`cut after ${tenth} tenths is UNREACHABLE and says how far it came`, async () => {
      const part = output.slice(0, (output.length * tenth) / 10);
      const message = new RegExp(`connection lost after ${part.length} of ${output.length} bytes$`);
      const response = `Content-Length: ${output.length}\r\n\r\n${part}`;
      const kept = fetchFrom(say(head + response));
      await expectFault(kept, 'UNREACHABLE', message);
      const closed = fetchFrom(say(`${head}Connection: close\r\n${response}`));
      await expectFault(closed, 'UNREACHABLE', message);
      await expectFault(fetchFrom(sayAndReset(head + response)), 'UNREACHABLE', message);
    });
  }

  test('that is longer than announced is PEER, whether the connection is kept or closed', async () => {
    for (const more of ['', 'Connection: close\r\n']) {
      const response = `${head}${more}Content-Length: 100\r\n\r\n${output}`;
      await expectFault(fetchFrom(say(response)), 'PEER', /sent more bytes than it announced$/);
    }
  });

  test('may be followed by an empty line', async () => {
    for (const more of [[], ['Connection: close']]) {
      const response = Buffer.concat([toResponse(output, more), Buffer.from('\r\n')]);
      assert.equal(String(await fetchFrom(say(response))), output);
    }
  });

  test('above the limit is TOO_LARGE before a byte of it came', async () => {
    const announcing: Behaviour = (socket) =>
      void socket.write(`${head}Content-Length: 5000\r\n\r\n`);
    await expectFault(
      fetchFrom(announcing, 4999),
      'TOO_LARGE',
      /announces 5000 bytes, more than the allowed 4999 bytes$/,
    );
  });

  test('that cannot be a number is PEER', async () => {
    for (const length of ['-3', '3x', '0x10', '99999999999999999999999', '1,1']) {
      await expectFault(fetchFrom(say(`${head}Content-Length: ${length}\r\n\r\nabc`)), 'PEER');
    }
  });

  test('given twice counts once, unless the two differ', async () => {
    const twice = (first: string, second: string) =>
      fetchFrom(say(`${head}Content-Length: ${first}\r\nContent-Length: ${second}\r\n\r\nabc`));
    assert.equal(String(await twice('3', '3')), 'abc');
    assert.equal(String(await twice('3, 3', '3')), 'abc');
    await expectFault(twice('4', '4'), 'UNREACHABLE', /connection lost after 3 of 4 bytes$/);
    await expectFault(twice('2', '2'), 'PEER', /sent more bytes than it announced$/);
    for (const second of ['4', '03', '+3', '3;', '3,4']) {
      await expectFault(twice('3', second), 'PEER', /contradicts itself|not an HTTP response/);
    }
  });

  test('and a transfer encoding is PEER', async () => {
    const response = `${chunkedHead}Content-Length: 3\r\n\r\n${toChunks('abc')}`;
    await expectFault(fetchFrom(say(response)), 'PEER');
  });
});

describe('a chunked body', () => {
  test('arrives whole, trailers and all', async () => {
    const chunks = toChunks(output).replace(/\r\n$/, 'X-Check: 1\r\n\r\n');
    assert.equal(String(await fetchFrom(say(`${chunkedHead}\r\n${chunks}`))), output);
  });

  for (let tenth = 0; tenth < 10; tenth += 1) {
    test(`cut after ${tenth} tenths is UNREACHABLE`, async () => {
      const chunks = toChunks(output);
      const part = chunks.slice(0, (chunks.length * tenth) / 10);
      const lost = /connection lost after \d+ bytes, before the end$/;
      await expectFault(fetchFrom(say(`${chunkedHead}\r\n${part}`)), 'UNREACHABLE', lost);
      const closing = `${chunkedHead}Connection: close\r\n\r\n${part}`;
      await expectFault(fetchFrom(say(closing)), 'UNREACHABLE', lost);
      await expectFault(fetchFrom(sayAndReset(`${chunkedHead}\r\n${part}`)), 'UNREACHABLE', lost);
    });
  }

  test('without its last chunk is UNREACHABLE', async () => {
    const cut = toChunks(output).replace(/0\r\n\r\n$/, '');
    await expectFault(fetchFrom(say(`${chunkedHead}\r\n${cut}`)), 'UNREACHABLE');
  });

  test('with garbage between its chunks is PEER', async () => {
    for (const garbage of ['xyz\r\nabc', '5\r\nabcdeZZ', '-1\r\n', 'ffffffffffffffffff\r\nabc']) {
      await expectFault(
        fetchFrom(say(`${chunkedHead}\r\n${garbage}`)),
        'PEER',
        /not an HTTP response/,
      );
    }
  });

  test('that never ends is TOO_LARGE', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const endless = (socket: Socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', more).write(`${chunkedHead}\r\n`);
      more();
    };
    await expectFault(
      fetchFrom(endless),
      'TOO_LARGE',
      /sends more than the allowed 1000000 bytes$/,
    );
  });

  test('in chunks of a byte each arrives whole', async () => {
    assert.equal(String(await fetchFrom(say(`${chunkedHead}\r\n${toChunks(output, 1)}`))), output);
  });
});

test('a body under a coding of transfer nobody asked for is PEER', async () => {
  for (const coding of [
    'gzip',
    'gzip, chunked',
    'gzip\r\nTransfer-Encoding: chunked',
    'chunked, gzip',
    'chunked, chunked',
    'xchunked',
    'identity',
  ]) {
    const response = `${head}Transfer-Encoding: ${coding}\r\n\r\n${toChunks('abc')}`;
    await expectFault(fetchFrom(say(response)), 'PEER', /transfer encoding "|not an HTTP/);
  }
});

describe('chunks with blanks behind their sizes', () => {
  test('arrive whole, and a cut is noticed as well', async () => {
    const padded = toChunks(output).replace(/^([0-9a-f]+)\r\n/gm, '$1 \t \r\n');
    assert.equal(String(await fetchFrom(say(`${chunkedHead}\r\n${padded}`))), output);
    const cut = padded.slice(0, -7);
    await expectFault(fetchFrom(say(`${chunkedHead}\r\n${cut}`)), 'UNREACHABLE');
    for (const garbage of ['3 4\r\nabc\r\n', ' 3\r\nabc\r\n', '3 \rabc\r\n', '3\nabc\r\n']) {
      const response = `${chunkedHead}\r\n${garbage}0\r\n\r\n`;
      await expectFault(fetchFrom(say(response)), 'PEER', /not an HTTP response/);
    }
  });
});

describe('a body without a length', () => {
  test('arrives, and the log says that a cut could not be noticed', async () => {
    for (const version of ['1.1', '1.0']) {
      await withHostileServer(say(`HTTP/${version} 200 OK\r\n\r\n${output}`), async ({ port }) => {
        const context = makeOpenContext();
        const delivery = await fetchOutput(`http://127.0.0.1:${port}/`, {}, context);
        assert.equal(String(delivery.output), output);
        assert.match(
          context.log.lines.join('\n'),
          /info no length given: a cut could not be noticed/,
        );
      });
    }
  });

  test('is PEER where a length is required, and only there', async () => {
    const options = { requireLength: ['true'] };
    const fetchAll = async (response: string) => {
      let text = '';
      await withHostileServer(say(response), async ({ port }) => {
        const url = `http://127.0.0.1:${port}/`;
        text = String((await fetchOutput(url, options)).output);
      });
      return text;
    };
    await expectFault(
      fetchAll(`${head}\r\n${output}`),
      'PEER',
      /: the response has no length, so that a cut could not be noticed \(--require-length\)$/,
    );
    assert.equal(await fetchAll(toResponse(output).toString()), output);
    assert.equal(await fetchAll(`${chunkedHead}\r\n${toChunks(output)}`), output);
  });

  test('that ends in a reset is UNREACHABLE', async () => {
    await expectFault(
      fetchFrom(sayAndReset(`${head}\r\n${output}`)),
      'UNREACHABLE',
      new RegExp(`connection lost after ${output.length} bytes, before the end$`),
    );
  });

  test('that never ends is TOO_LARGE', async () => {
    await expectFault(fetchFrom(say(`${head}\r\n`, 'x'.repeat(2_000_000))), 'TOO_LARGE');
  });
});

describe('a slow peer', () => {
  /** A byte every 20 ms, for ever. */
  const drip: Behaviour = (socket) => {
    socket.write(`${head}Content-Length: 100000\r\n\r\n`);
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  };

  test('that stops in the middle is TIMEOUT after the idle timeout', async () => {
    const stopping: Behaviour = (socket) => {
      socket.write(`${head}Content-Length: 100\r\n\r\nabc`);
    };
    await withHostileServer(stopping, async ({ port }) => {
      const fetched = fetchOutput(`http://127.0.0.1:${port}/`, { idleTimeout: ['150ms'] });
      await expectFault(
        fetched,
        'TIMEOUT',
        /waiting for more of the response: no answer within 150ms$/,
      );
    });
  });

  test('that never answers is TIMEOUT after the header timeout, dripping or silent', async () => {
    const drippingHeader: Behaviour = (socket) => {
      socket.write(`${head}X-Long: `);
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    };
    for (const behaviour of [() => undefined, drippingHeader]) {
      await withHostileServer(behaviour, async ({ port }) => {
        const fetched = fetchOutput(`http://127.0.0.1:${port}/`, { headerTimeout: ['300ms'] });
        await expectFault(fetched, 'TIMEOUT', /waiting for the response: no answer within 300ms$/);
      });
    }
  });

  test('that never rests is ended by the deadline, with its reason', async () => {
    await withHostileServer(drip, async (server) => {
      const reason = new CourierError('TIMEOUT', 'the deadline is over');
      const controller = new AbortController();
      const context = makeOpenContext({ signal: controller.signal });
      const fetched = fetchOutput(
        `http://127.0.0.1:${server.port}/`,
        { idleTimeout: ['5s'] },
        context,
      );
      setTimeout(() => controller.abort(reason), 300);
      assert.equal(await expectFault(fetched, 'TIMEOUT'), reason);
    });
  });

  test('that refuses slowly is REFUSED all the same', async () => {
    const slow: Behaviour = (socket) => {
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nabc');
    };
    await withHostileServer(slow, async ({ port }) => {
      const fetched = fetchOutput(`http://127.0.0.1:${port}/`, { idleTimeout: ['150ms'] });
      await expectFault(fetched, 'REFUSED', /the peer answered 403 "Forbidden", saying "abc"$/);
    });
  });
});
