/** The set-up of docs/status-page.md, in front of which Debian's Apache lets people in. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { anotherUser } from '../helpers/another-user.ts';
import { startApache } from '../helpers/apache.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type Answer, cookieOf, fewRows, ListFeed, startPage } from './running-page.ts';

const page = readFileSync(new URL('../../docs/status-page.md', import.meta.url), 'utf8');

/** The block of the page that begins with a comment, for the places of a test. */
function configurationOf(name: 'basic' | 'form', directory: string): string {
  const block = new RegExp(`\`\`\`apache\n# ${name}.*?\n(.*?)\`\`\``, 's').exec(page)?.[1];
  assert.ok(block !== undefined);
  return block
    .replaceAll('/omd/sites/mysite/etc', directory)
    .replaceAll('/omd/sites/mysite/tmp/cmk-courier', join(directory, 'run'));
}

async function startBehind(t: TestContext, name: 'basic' | 'form') {
  const directory = await makeTempDir(t);
  await chmod(directory, 0o755);
  const run = join(directory, 'run');
  await mkdir(run);
  const hash = createHash('sha1').update('secret').digest('base64');
  await writeFile(join(directory, 'htpasswd'), `ada:{SHA}${hash}\n`, { mode: 0o644 });
  await writeFile(join(directory, 'courier-session-key'), 'a long passphrase\n', { mode: 0o644 });
  const path = join(run, 'page.sock');
  await startPage(t, [new ListFeed(fewRows)], {
    ...{ at: { kind: 'unix', path }, userHeader: 'x-remote-user', basePath: '/mysite/courier/' },
    hasActions: true,
  });
  // In a site both are of one user; here Apache must not be root.
  if (process.geteuid?.() === 0) await chown(path, anotherUser, anotherUser);
  const port = await findFreePort();
  const apache = await startApache(directory, port, configurationOf(name, directory));
  t.after(() => apache.stop());
  return (target: string, headers: Record<string, string> = {}, body?: string) =>
    ask(port, target, headers, body);
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST';
  const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const origin = body === undefined ? {} : { origin: `http://127.0.0.1:${port}` };
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers: { ...form, ...origin, ...headers },
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
          // A stream has no end; its beginning shows that it comes through.
          if (text.includes('event: snapshot')) response.destroy();
        });
        response.on('close', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const skip = skipWithout('apache2');

test("Apache's basic authentication decides who is let in, and nobody can name another user", {
  skip,
}, async (t) => {
  const asked = await startBehind(t, 'basic');
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });
  assert.equal((await asked('/mysite/courier/')).status, 401);
  assert.equal((await asked('/mysite/courier/', { 'x-remote-user': 'root' })).status, 401);
  assert.equal((await asked('/mysite/courier/', basic('ada', 'wrong'))).status, 401);
  const known = await asked('/mysite/courier/', {
    ...basic('ada', 'secret'),
    'x-remote-user': 'root',
  });
  assert.deepEqual(
    [known.status, known.text.includes('ada'), known.text.includes('root')],
    [200, true, false],
  );
  const events = await asked('/mysite/courier/api/events?view=/', basic('ada', 'secret'));
  assert.match(events.text, /event: snapshot/);
  const fetched = await asked('/mysite/courier/api/host/web01/fetch', basic('ada', 'secret'), '');
  assert.deepEqual(
    [fetched.status, fetched.headers['location']],
    [303, '/mysite/courier/host/web01?notice=fetch-asked'],
  );
  const foreign = { ...basic('ada', 'secret'), origin: 'https://evil.example' };
  assert.equal((await asked('/mysite/courier/api/host/web01/fetch', foreign, '')).status, 403);
});

test("Apache's form authentication does so with a session of its own", { skip }, async (t) => {
  const asked = await startBehind(t, 'form');
  const first = await asked('/mysite/courier/');
  assert.deepEqual(
    [first.status, first.headers['location']?.toString().replace(/^http:\/\/[^/]+/, '')],
    [302, '/mysite/courier-login.html'],
  );
  const wrong = await asked('/mysite/courier-login', {}, 'httpd_username=ada&httpd_password=wrong');
  assert.equal(wrong.status, 302);
  const right = await asked(
    '/mysite/courier-login',
    {},
    'httpd_username=ada&httpd_password=secret',
  );
  assert.equal(right.status, 302);
  const cookie = cookieOf(right);
  const known = await asked('/mysite/courier/', { cookie, 'x-remote-user': 'root' });
  assert.deepEqual(
    [known.status, known.text.includes('ada'), known.text.includes('root')],
    [200, true, false],
  );
  const fetched = await asked('/mysite/courier/api/host/web01/fetch', { cookie }, '');
  assert.equal(fetched.status, 303);
});
