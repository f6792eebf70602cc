import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { fewRows, ListFeed, type RunningPage, startPage } from './running-page.ts';

interface ServerEvent {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it expects
  readonly data: any;
}

/** What a browser makes of a stream, event by event. */
async function* listen(
  page: RunningPage,
  view: string,
  headers: Record<string, string>,
): AsyncGenerator<ServerEvent> {
  const url = `${page.origin}/api/events?${new URLSearchParams({ view })}`;
  const response = await new Promise<AsyncIterable<Buffer>>((resolve) =>
    get(url, { headers }, resolve),
  );
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const one of events) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(one)?.[1];
      const event = field('event');
      if (event !== undefined)
        yield { event, id: field('id'), data: JSON.parse(field('data') ?? '') };
    }
  }
}

async function next(stream: AsyncGenerator<ServerEvent>): Promise<ServerEvent> {
  const { value, done } = await stream.next();
  assert.ok(done !== true);
  return value;
}

test('a browser gets a snapshot and then only what changes', async (t) => {
  const feed = new ListFeed(fewRows);
  const page = await startPage(t, [feed]);
  const stream = listen(page, '/', { cookie: await page.logIn() });
  const first = await next(stream);
  assert.equal(first.event, 'snapshot');
  assert.deepEqual(
    first.data.document.rows.map(({ host }: { host: string }) => host),
    ['web02', 'web01'],
  );
  const third = { host: 'web03', state: 'faulty', failures: 1 } as const;
  feed.rows = [...fewRows, third];
  const { event, data } = await next(stream);
  assert.equal(event, 'delta');
  assert.deepEqual(data.rows, [{ ...third, parts: ['collector'] }]);
  assert.deepEqual(data.order, ['web02', 'web03', 'web01']);
  assert.deepEqual(data.set.totals, { faulty: 2, silent: 0, never: 0, grace: 0, fresh: 1 });
  assert.equal('parts' in data.set, false);
  await stream.return(undefined);
});

test('a host that goes is told, and a stream ends with its session', async (t) => {
  const feed = new ListFeed(fewRows);
  const page = await startPage(t, [feed]);
  const cookie = await page.logIn();
  const [host, fleet] = [listen(page, '/host/web01', { cookie }), listen(page, '/', { cookie })];
  assert.equal((await next(host)).event, 'snapshot');
  assert.equal((await next(fleet)).event, 'snapshot');
  feed.rows = fewRows.slice(1);
  assert.deepEqual(await next(host), { event: 'gone', id: undefined, data: { why: 'host' } });
  await page.post('/logout', { cookie });
  let last = await next(fleet);
  while (last.event === 'delta') last = await next(fleet);
  assert.deepEqual(last, { event: 'gone', id: undefined, data: { why: 'login' } });
});

test('a browser that has the newest state gets no snapshot again; one of an earlier run does', async (t) => {
  const page = await startPage(t, [new ListFeed(fewRows)]);
  const cookie = await page.logIn();
  const open = listen(page, '/', { cookie });
  const { id = '' } = await next(open);
  const again = listen(page, '/', { cookie, 'last-event-id': id });
  const earlier = listen(page, '/', { cookie, 'last-event-id': 'zzz-1' });
  assert.equal((await next(earlier)).event, 'snapshot');
  const silence = await Promise.race([
    next(again),
    new Promise((resolve) => setTimeout(resolve, 300)),
  ]);
  assert.equal(silence, undefined);
});

test('filters, groups and pages are those of the URL', async (t) => {
  const rows = Array.from({ length: 250 }, (_, index) => ({
    ...{
      host: `host${String(index).padStart(3, '0')}`,
      failures: 0,
      route: index < 50 ? 'a' : 'b',
    },
    state: index % 10 === 0 ? ('silent' as const) : ('fresh' as const),
    producedAtMs: 1_000_000 - index * 1000,
  }));
  const page = await startPage(t, [new ListFeed(rows)]);
  const cookie = await page.logIn();
  const ask = async (search: string) =>
    JSON.parse((await page.ask(`/api/fleet?${search}`, { headers: { cookie } })).text);
  const silent = await ask('state=silent');
  assert.deepEqual([silent.matching, silent.rows.length, silent.hostCount], [25, 25, 250]);
  assert.deepEqual(silent.matchingTotals, {
    faulty: 0,
    silent: 25,
    never: 0,
    grace: 0,
    fresh: 225,
  });
  const last = await ask('page=99');
  assert.deepEqual([last.query.page, last.pages, last.rows.length], [3, 3, 50]);
  const grouped = await ask('group=route&q=host0');
  assert.deepEqual(
    grouped.groups.map(({ name, count }: { name: string; count: number }) => [name, count]),
    [
      ['a', 50],
      ['b', 50],
    ],
  );
  assert.equal((await ask('group=route&within=a')).matching, 50);
  const oldest = await ask('sort=-age');
  assert.equal(oldest.rows[0].host, 'host249');
  assert.equal((await ask('sort=age')).rows[0].host, 'host000');
  assert.equal((await ask('q=host24?')).matching, 10);
  assert.equal((await ask('state=nonsense&sort=x&page=-1&group=y')).matching, 250);
});
