import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import type { View } from '../../src/status-page/fleet/views.ts';
import { Live } from '../../src/status-page/live.ts';
import type { Document } from '../../src/status-page/model.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { portOf } from '../helpers/free-port.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { fewRows, ListFeed, startPage } from './running-page.ts';

const looked: View = { kind: 'host', host: 'web01' };

function makeDocument(remark: string): Document {
  return {
    ...{ view: 'host', nowMs: 0, host: 'web01', parts: [], remarks: [remark] },
    ...{ row: { host: 'web01', state: 'fresh', failures: 0, parts: [] }, isRunning: false },
    ...{ sources: [], series: [], sections: [], sectionCount: 0, piggybacked: [] },
    ...{ piggybackedCount: 0, seal: [], relayed: [], registration: [], update: [] },
    actions: { fetch: false, doctor: false },
  };
}

/** Streams, ticked by the test: of one view, or of the host that the path names. */
async function serveLive(t: TestContext, make: (view: View) => Promise<Document>) {
  const live = new Live(make, systemClock, makeCollectingLog());
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    responses.push(response);
    const session = request.headers.cookie ?? '';
    const stream = { response, session, isAllowed: async () => true, lastEventId: undefined };
    const host = (request.url ?? '/').slice(1);
    const view: View = host === '' ? looked : { kind: 'host', host };
    void live.open(view, stream).then((problem) => {
      if (problem === undefined) return;
      response.statusCode = problem === 'busy' ? 503 : 404;
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const open = async (cookie: string, path = '/'): Promise<IncomingMessage> => {
    const at = { host: '127.0.0.1', port: portOf(server.address()), path };
    const request = get({ ...at, headers: { cookie } });
    request.on('error', () => undefined);
    const [response] = await once(request, 'response');
    response.on('error', () => undefined);
    return response;
  };
  return { live, open, responses };
}

test('a browser that does not read is cut off, and others go on', async (t) => {
  let turn = 0;
  const { live, open, responses } = await serveLive(t, async () =>
    makeDocument(`${turn}${'x'.repeat(400_000)}`),
  );
  const slow = await open('slow');
  const quick = await open('quick');
  let read = 0;
  quick.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  const [first, second] = responses;
  while (first?.destroyed === false && turn < 60) {
    const wanted = (turn + 1) * 400_000;
    await waitUntil(() => read > wanted);
    turn += 1;
    await live.tick();
  }
  assert.ok(first?.destroyed);
  assert.ok(turn < 60 && second?.destroyed === false);
  slow.destroy();
});

test('streams that open at the same time count before the first document is there', async (t) => {
  const begun = Promise.withResolvers<Document>();
  const { open } = await serveLive(t, () => begun.promise);
  const opening = Array.from({ length: 20 }, () => open('ada'));
  const refused = await Promise.race(opening);
  assert.equal(refused.statusCode, 503);
  begun.resolve(makeDocument('here'));
  const statuses = (await Promise.all(opening)).map(({ statusCode }) => statusCode);
  assert.equal(statuses.filter((status) => status === 200).length, 16);
});

test('a view that one browser leaves while it is made stays live for the other', async (t) => {
  let remark = 'before';
  const begun = Promise.withResolvers<void>();
  const { live, open, responses } = await serveLive(t, async () => {
    await begun.promise;
    return makeDocument(remark);
  });
  const [leaving, staying] = [open('one'), open('other')];
  leaving.catch(() => undefined);
  await waitUntil(() => responses.length === 2);
  responses[0]?.destroy();
  begun.resolve();
  const stream = await staying;
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await waitUntil(() => text.includes('event: snapshot'));
  remark = 'after';
  await live.tick();
  await waitUntil(() => text.includes('event: delta') && text.includes('after'));
  assert.equal(live.streams, 1);
});

test('pages of hosts wait at the same time for a part that does not answer', async (t) => {
  let gate = Promise.resolve();
  let waiting = 0;
  const { live, open } = await serveLive(t, async () => {
    waiting += 1;
    await gate;
    return makeDocument('here');
  });
  for (const host of ['web01', 'web02', 'web03']) await open('ada', `/${host}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  waiting = 0;
  const ticked = live.tick();
  await waitUntil(() => waiting === 3);
  resolve();
  await ticked;
});

test('a live view is for GET alone', async (t) => {
  const page = await startPage(t, [new ListFeed(fewRows)]);
  const headers = { cookie: await page.logIn() };
  const { status } = await page.ask('/api/events?view=/', { method: 'HEAD', headers });
  assert.equal(status, 405);
});
