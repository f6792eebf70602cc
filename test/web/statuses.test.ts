/** What a refusal says, in one line. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CourierError } from '../../src/faults/errors.ts';
import type { WebResponse } from '../../src/web/response-reader.ts';
import { checkStatus } from '../../src/web/statuses.ts';
import { catchFault } from '../helpers/expect-fault.ts';

async function refuse(overrides: Partial<WebResponse>): Promise<CourierError> {
  const response: WebResponse = {
    status: 500,
    statusText: '',
    headers: new Map(),
    body: Buffer.alloc(0),
    isComplete: true,
    endsByClose: false,
    ...overrides,
  };
  return catchFault((async () => checkStatus(response, 'https://depot/web01'))());
}

describe('the message', () => {
  const cases: readonly (readonly [string, Partial<WebResponse>, string])[] = [
    ['a bare status', {}, 'the peer answered 500'],
    ['a reason', { statusText: 'Broken' }, 'the peer answered 500 "Broken"'],
    [
      'the title of a page',
      { body: Buffer.from('<html><head><TITLE lang=en>Out of\n order</TITLE></head><p>x') },
      'the peer answered 500, saying "Out of order"',
    ],
    [
      'the first line that says anything',
      { body: Buffer.from('\n\n <br> \n---\n  disk full \nmore') },
      'the peer answered 500, saying "disk full"',
    ],
    [
      'a title only when it says more than the status',
      { statusText: 'Not Found', status: 404, body: Buffer.from('<title>404 Not Found</title>') },
      'the peer answered 404 "Not Found"',
    ],
    [
      'nothing of a body that is encoded',
      { body: Buffer.from('\x1f\x8bjunk'), headers: new Map([['content-encoding', 'gzip']]) },
      'the peer answered 500',
    ],
    [
      'foreign text as one harmless line',
      { body: Buffer.from('a\x1b[31m "b" | c\u202e') },
      `the peer answered 500, saying "a [31m 'b' ¦ c"`,
    ],
  ];
  for (const [what, response, message] of cases) {
    test(`has ${what}`, async () => {
      assert.equal((await refuse(response)).message, `https://depot/web01: ${message}`);
    });
  }
});

describe('a status', () => {
  for (const status of [401, 403, 407, 495, 496]) {
    test(`of ${status} is REFUSED`, async () => {
      assert.equal((await refuse({ status })).code, 'REFUSED');
    });
  }
  for (const status of [204, 404, 410]) {
    test(`of ${status} is NO_OUTPUT`, async () => {
      assert.equal((await refuse({ status })).code, 'NO_OUTPUT');
    });
  }
  for (const status of [201, 203, 206, 304, 400, 418, 429, 500, 503, 999]) {
    test(`of ${status} is PEER`, async () => {
      assert.equal((await refuse({ status })).code, 'PEER');
    });
  }
});
