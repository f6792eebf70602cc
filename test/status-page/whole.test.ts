/** The page with TLS, across a restart, and with a real doctor. */

import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { DoctorRuns } from '../../src/status-page/doctor-runs.ts';
import { Listener } from '../../src/status-page/web/listener.ts';
import { issueSelfSigned } from '../helpers/certificates.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { fewRows, ListFeed, startPage } from './running-page.ts';

test('with a certificate the page speaks TLS alone, and its cookie stays there', async (t) => {
  const directory = await makeTempDir(t);
  const [certificate, key] = [join(directory, 'c.pem'), join(directory, 'k.pem')];
  const issued = issueSelfSigned({ name: 'localhost' });
  await writeFile(certificate, issued.cert);
  await writeFile(key, issued.key, { mode: 0o600 });
  const page = await startPage(t, [new ListFeed(fewRows)], { tls: { certificate, key } });
  const { port } = new URL(page.origin);
  const [status, cookie] = await new Promise<readonly [status: number | undefined, cookie: string]>(
    (resolve, reject) => {
      const headers = {
        host: `localhost:${port}`,
        origin: `https://localhost:${port}`,
        'content-type': 'application/x-www-form-urlencoded',
      };
      const at = { port, path: '/login', method: 'POST', headers, ca: issued.cert, agent: false };
      const asked = request({ ...at, host: '127.0.0.1', servername: 'localhost' }, (response) => {
        response.resume();
        resolve([response.statusCode, String(response.headers['set-cookie'])]);
      });
      asked.on('error', reject);
      asked.end(String(new URLSearchParams({ token: page.token })));
    },
  );
  assert.equal(status, 303);
  assert.match(cookie, /; HttpOnly; SameSite=Strict; Secure$/);
  await assert.rejects(page.ask('/login'));
});

test('a private key that others may change is not used, and is told of', async (t) => {
  const directory = await makeTempDir(t);
  const [certificate, key] = [join(directory, 'c.pem'), join(directory, 'k.pem')];
  const issued = issueSelfSigned({ name: 'localhost' });
  await writeFile(certificate, issued.cert);
  await writeFile(key, issued.key);
  await chmod(key, 0o666);
  const log = makeCollectingLog();
  const ended = new AbortController();
  const at = { kind: 'tcp', address: '127.0.0.1', port: await findFreePort() } as const;
  const settings = { at, tls: { certificate, key } };
  const running = new Listener(settings, () => undefined, systemClock, log).run(ended.signal);
  await waitUntil(() => log.lines.length > 0);
  ended.abort();
  await running;
  assert.match(log.lines.join('\n'), /^warn no status page: .*k\.pem.*all else goes on/);
});

test('a browser stays logged in when the page is started again', async (t) => {
  const at = { kind: 'tcp', address: '127.0.0.1', port: await findFreePort() } as const;
  const page = await startPage(t, [new ListFeed(fewRows)], { at });
  const cookie = await page.logIn();
  await page.page.stop();
  await assert.rejects(page.ask('/login'));
  const again = await startPage(t, [new ListFeed(fewRows)], { at }, page.directory);
  assert.equal((await again.ask('/api/fleet', { headers: { cookie } })).status, 200);
});

test('the doctor is asked, and its report is there afterwards, also of a host that is called `site`', async () => {
  const own = async () => ({ program: process.execPath, args: ['src/bin.ts'] });
  const { signal } = new AbortController();
  const asked = { env: { ...process.env }, options: ['--only=site'] };
  const runs = new DoctorRuns(own, asked, systemClock, signal);
  assert.equal(runs.start(parseHostName('site'), 'ada'), true);
  assert.equal(runs.start(parseHostName('web02'), 'ada'), false);
  assert.equal(runs.find('site')?.state, 'running');
  await waitUntil(() => runs.find('site')?.state !== 'running');
  const { state, by, report } = runs.find('site') ?? {};
  assert.deepEqual([state, by], ['done', 'ada'], report ?? '');
  assert.match(report ?? '', /^site\n/);
});
