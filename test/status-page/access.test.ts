import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { TokenFile } from '../../src/status-page/access/tokens.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { cookieOf, fewRows, ListFeed, startPage } from './running-page.ts';

const rows = () => [new ListFeed(fewRows)];

test('nobody sees anything without logging in, loopback or not', async (t) => {
  const page = await startPage(t, rows());
  const [html, api, events, host] = await Promise.all(
    ['/?state=faulty', '/api/fleet', '/api/events?view=/', '/host/web01'].map((path) =>
      page.ask(path),
    ),
  );
  assert.deepEqual(
    [html?.status, html?.headers['location']],
    [303, '/login?next=%2F%3Fstate%3Dfaulty'],
  );
  assert.deepEqual([api?.status, api?.text], [401, '{"message":"log in first"}']);
  assert.equal(events?.status, 401);
  assert.deepEqual([host?.status, host?.text], [303, '']);
});

test('a token is exchanged for a cookie that scripts and other sites never get', async (t) => {
  const page = await startPage(t, rows());
  const body = String(new URLSearchParams({ token: page.token, next: '/?state=faulty' }));
  const answer = await page.post('/login', {}, body);
  assert.deepEqual([answer.status, answer.headers['location']], [303, '/?state=faulty']);
  assert.match(
    String(answer.headers['set-cookie']),
    /^cmk-courier-[0-9a-f]{12}=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/,
  );
  const fleet = await page.ask('/api/fleet', { headers: { cookie: cookieOf(answer) } });
  assert.equal(fleet.status, 200);
  const kept = ['tokens', 'sessions-collector.json'].map((name) =>
    readFileSync(join(page.directory, name), 'utf8'),
  );
  const secret = cookieOf(answer).split('=')[1] ?? '';
  const said = [...page.log.lines, ...kept, fleet.text].join('\n');
  assert.ok(!said.includes(page.token) && !said.includes(secret));
});

test('a wrong token is refused in words, and after ten of them the right one has to wait, too', async (t) => {
  const page = await startPage(t, rows());
  const logIn = (token: string) => page.post('/login', {}, String(new URLSearchParams({ token })));
  const wrong = await logIn('guess');
  assert.equal(wrong.status, 403);
  assert.match(wrong.text, /nobody has this token/);
  assert.equal(wrong.headers['set-cookie'], undefined);
  for (let turn = 0; turn < 9; turn += 1) await logIn('guess');
  const late = await logIn(page.token);
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '6']);
});

test('a login that asks for another site leads to our own page', async (t) => {
  const page = await startPage(t, rows());
  for (const next of ['//evil.example/', 'https://evil.example', '/\\evil', '/assets/x']) {
    const answer = await page.post(
      '/login',
      {},
      String(new URLSearchParams({ token: page.token, next })),
    );
    assert.equal(answer.headers['location'], '/');
  }
});

test('who asks on and on without logging in gets little; who is logged in is not held up', async (t) => {
  const page = await startPage(t, rows());
  const body = String(new URLSearchParams({ token: page.token }));
  const cookie = cookieOf(await page.post('/login', {}, body));
  const statuses: number[] = [];
  for (let count = 0; count < 130; count += 1) statuses.push((await page.ask('/login')).status);
  assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429]);
  const refused = await page.ask('/nowhere');
  assert.deepEqual(refused.text, '{"message":"too much at once; wait 1 seconds"}');
  assert.equal((await page.ask('/', { headers: { cookie } })).status, 200);
});

test('a session ends at the logout, and when its token is taken away', async (t) => {
  const page = await startPage(t, rows());
  const [first, second] = [await page.logIn(), await page.logIn()];
  const statusOf = async (cookie: string) =>
    (await page.ask('/api/fleet', { headers: { cookie } })).status;
  await page.post('/logout', { cookie: first });
  assert.deepEqual([await statusOf(first), await statusOf(second)], [401, 200]);
  await new TokenFile(page.directory).remove('ada');
  const isOut = async () => (await statusOf(second)) === 401;
  while (!(await isOut())) await new Promise((resolve) => setTimeout(resolve, 100));
});

test('a file of tokens that others may change or read is not believed', async (t) => {
  const page = await startPage(t, rows());
  await chmod(join(page.directory, 'tokens'), 0o644);
  const answer = await page.post('/login', {}, String(new URLSearchParams({ token: page.token })));
  assert.equal(answer.status, 500);
  assert.ok(
    page.log.lines.some((line) => line.includes('others may read it; only its owner is to')),
  );
  assert.ok(!answer.text.includes(page.directory));
});

test('what asks from elsewhere is refused: another origin, another name, no origin at all', async (t) => {
  const feed = new ListFeed(fewRows);
  const page = await startPage(t, [feed], { hasActions: true });
  const cookie = await page.logIn();
  const statusOf = async (headers: Record<string, string>) =>
    (await page.post('/api/host/web01/fetch', { cookie, ...headers })).status;
  assert.equal(await statusOf({ origin: 'https://evil.example' }), 403);
  assert.equal(await statusOf({ origin: 'null' }), 403);
  assert.equal(await statusOf({ 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await statusOf({ 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await statusOf({ host: 'evil.example', origin: 'http://evil.example' }), 421);
  const silent = await page.ask('/api/host/web01/fetch', { method: 'POST', headers: { cookie } });
  assert.equal(silent.status, 403);
  assert.deepEqual(feed.fetched, []);
  assert.equal(await statusOf({ 'sec-fetch-site': 'same-origin' }), 303);
  assert.deepEqual(feed.fetched, ['web01']);
});

test('a user is named by a header only over a socket that nobody else may connect to', async (t) => {
  const path = join(await makeTempDir(t), 'page.sock');
  const page = await startPage(t, rows(), {
    ...{ at: { kind: 'unix', path }, userHeader: 'x-remote-user', basePath: '/mysite/courier/' },
  });
  const { statSync } = await import('node:fs');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const known = await page.ask('/mysite/courier/', { headers: { 'x-remote-user': 'grace' } });
  assert.deepEqual([known.status, known.text.includes('grace')], [200, true]);
  const unknown = await page.ask('/mysite/courier/api/fleet');
  assert.deepEqual(
    [unknown.status, unknown.text],
    [403, '{"message":"the web server in front does not say who you are"}'],
  );
  const twice = await page.ask('/mysite/courier/', {
    headers: { 'x-remote-user': ['grace', 'root'] },
  });
  assert.equal(twice.status, 403);
  assert.equal((await page.ask('/mysite/courier')).headers['location'], '/mysite/courier/');
  assert.equal(
    (await page.ask('/elsewhere', { headers: { 'x-remote-user': 'grace' } })).status,
    404,
  );
});

test('every answer carries the safeguards, whatever it is', async (t) => {
  const page = await startPage(t, rows());
  const cookie = await page.logIn();
  for (const path of ['/', '/login', '/nowhere', '/api/fleet', '/host/%00', '/host/nobody']) {
    const { headers } = await page.ask(path, { headers: { cookie } });
    assert.match(
      String(headers['content-security-policy']),
      /^default-src 'none'; .*frame-ancestors 'none'$/,
    );
    assert.ok(!String(headers['content-security-policy']).includes('unsafe'));
    assert.deepEqual(
      [headers['x-content-type-options'], headers['cache-control'], headers['x-frame-options']],
      ['nosniff', 'no-store', 'DENY'],
    );
  }
});
