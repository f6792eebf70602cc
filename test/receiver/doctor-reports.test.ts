import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Reports } from '../../src/receiver/state/reports.ts';
import { FakeHost } from '../agents/host/courier-doctor-hosts.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { register } from '../peers/controller-client.ts';
import { curl, curlUpload } from './curl.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const skip = skipWithout('curl');
const bearer = (token: string) => ['-H', `Authorization: Bearer ${token}`];
const taken = { status: 204, body: '' };

function put(
  running: RunningReceiver,
  host: string,
  file: string,
  args: readonly string[],
): ReturnType<typeof curl> {
  const url = `https://localhost:${running.port}/v1/hosts/${host}/doctor`;
  return curl(running, [url, '-T', file, ...args]);
}

function makeReport(owner: { after(cleanUp: () => void): void }, host: string): string {
  return new FakeHost(owner).run(['--json', `--host=${host}`, '--run=1']).stdout;
}

test('the report of a known host is kept, the newest only, with who sent it', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const file = join(running.directory, 'report');
  await writeFile(file, makeReport(t, 'web01'));
  const token = await running.makeAccess({ hosts: ['web*'] });
  await curlUpload(running, 'web01', goodOutput, bearer(token));
  assert.deepEqual(await put(running, 'web01', file, bearer(token)), taken);
  const reports = await Reports.open(join(running.directory, 'state'));
  const kept = await reports.read('web01');
  assert.match(kept?.receivedBy ?? '', /^token [0-9a-f]+$/);
  assert.deepEqual([kept?.report.host, kept?.report.run], ['web01', '1']);
  await writeFile(file, makeReport(t, 'web01').replace('"run": "1"', '"run": "2"'));
  const url = `https://localhost:${running.port}/${site}/v1/hosts/web01/doctor`;
  assert.deepEqual(await curl(running, [url, '-T', file, ...bearer(token)]), taken);
  assert.equal((await reports.read('web01'))?.report.run, '2');
  assert.ok(!running.log.lines.join().includes(token));
});

test('a registered host sends its report with its certificate', { skip }, async (t) => {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'anna', hosts: ['*'] });
  const place = { port: running.port, site };
  const connection = await register(place, { user: 'anna', password }, 'web02', { kind: 'ec' });
  const [cert, key, file] = ['c.pem', 'k.pem', 'r'].map((name) => join(running.directory, name));
  await writeFile(cert ?? '', connection.cert);
  await writeFile(key ?? '', connection.key);
  await writeFile(file ?? '', makeReport(t, 'web02'));
  const certificate = ['--cert', cert ?? '', '--key', key ?? ''];
  assert.deepEqual(await put(running, 'web02', file ?? '', certificate), taken);
  assert.deepEqual(await put(running, 'web01', file ?? '', certificate), {
    status: 403,
    body: 'not allowed to write for this host (REFUSED)\n',
  });
});

test('reports of nobody, of strangers, of others and of no form are refused', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  const [report, html, large] = ['r', 'h', 'l'].map((name) => join(running.directory, name));
  await writeFile(report ?? '', makeReport(t, 'web01'));
  await writeFile(html ?? '', '<html>');
  await writeFile(large ?? '', Buffer.alloc(256 * 1024 + 1, ' '));
  const ask = (host: string, file: string | undefined, args: readonly string[]) =>
    put(running, host, file ?? '', args);
  assert.deepEqual(await ask('web01', report, []), {
    status: 401,
    body: 'credentials are missing or ill-formed (REFUSED)\n',
  });
  assert.deepEqual(await ask('web01', report, bearer(token)), {
    status: 403,
    body: 'this host is neither registered nor has it ever sent output (REFUSED)\n',
  });
  for (const host of ['web01', 'web02']) {
    await curlUpload(running, host, goodOutput, bearer(token));
  }
  const expected: readonly (readonly [host: string, file: string | undefined, said: object])[] = [
    [
      'web02',
      report,
      { status: 400, body: 'the report is of "web01", not of web02 (MALFORMED)\n' },
    ],
    [
      'web01',
      html,
      {
        status: 400,
        body: 'the report is not JSON; it is what courier-doctor --json prints (MALFORMED)\n',
      },
    ],
    [
      'web01',
      large,
      { status: 413, body: 'the request has more than the allowed 262144 bytes (TOO_LARGE)\n' },
    ],
  ];
  for (const [host, file, said] of expected) {
    assert.deepEqual(await ask(host, file, bearer(token)), said);
  }
  const packed = [...bearer(token), '-H', 'Content-Encoding: gzip'];
  assert.deepEqual(await ask('web01', report, packed), {
    status: 415,
    body: 'a report must not be compressed (USAGE)\n',
  });
  const reports = await Reports.open(join(running.directory, 'state'));
  assert.equal(await reports.read('web01'), undefined);
});

test('nobody sends reports without end', { skip }, async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  const file = join(running.directory, 'report');
  await writeFile(file, makeReport(t, 'web01'));
  await curlUpload(running, 'web01', goodOutput, bearer(token));
  const statuses = new Set<number>();
  for (let n = 0; n < 12; n += 1)
    statuses.add((await put(running, 'web01', file, bearer(token))).status);
  assert.deepEqual([...statuses], [204, 429]);
});
