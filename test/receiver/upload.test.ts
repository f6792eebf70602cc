import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { skipWithout } from '../helpers/required-peer.ts';
import { register } from '../peers/controller-client.ts';
import { curl, curlUpload } from './curl.ts';
import { goodOutput, site, startReceiver } from './running-receiver.ts';

const skip = skipWithout('curl');
const bearer = (token: string) => ['-H', `Authorization: Bearer ${token}`];
const empty = { status: 204, body: '' };

test('what curl sends is in the spool when 204 comes, byte for byte', { skip }, async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['web01'] });
  const bytes = Buffer.concat([goodOutput, Buffer.from([0, 13, 10, 0xff, 0xe4, 10])]);
  const said = await curlUpload(running, 'web01', bytes, bearer(token));
  assert.deepEqual(said, empty);
  assert.equal(await running.readOutput('web01'), bytes.toString('latin1'));
  assert.equal(running.log.lines.filter((line) => line.includes("path: '/v1/")).length, 0);
  assert.ok(!running.log.lines.join().includes(token));
});

test('bodies may be compressed, chunked, a form, or wait to be asked for', { skip }, async (t) => {
  const running = await startReceiver(t);
  const args = bearer(await running.makeAccess({}));
  const ways: readonly (readonly [body: Buffer, args: readonly string[]])[] = [
    [goodOutput, []],
    [goodOutput, ['-X', 'POST']],
    [gzipSync(goodOutput), []],
    [gzipSync(goodOutput), ['-H', 'Content-Encoding: gzip']],
    [zstdCompressSync(goodOutput), []],
    [zstdCompressSync(goodOutput), ['-H', 'Content-Encoding: zstd']],
    [deflateSync(goodOutput), ['-H', 'Content-Encoding: deflate']],
    [deflateSync(goodOutput), ['-H', 'compression: zlib']],
    [goodOutput, ['-H', 'Transfer-Encoding: chunked']],
    [goodOutput, ['-H', 'Expect: 100-continue', '--expect100-timeout', '20']],
    [goodOutput, ['-H', 'Content-Type: application/x-www-form-urlencoded']],
  ];
  for (const [n, [body, more]] of ways.entries()) {
    const said = await curlUpload(running, `h${n}`, body, [...args, ...more]);
    assert.deepEqual(said, empty, more.join(' '));
    assert.equal(await running.readOutput(`h${n}`), goodOutput.toString(), more.join(' '));
  }
  const file = join(running.directory, 'form');
  await writeFile(file, goodOutput);
  const url = `https://localhost:${running.port}/${site}/v1/hosts/form/agent-output`;
  assert.deepEqual(await curl(running, [url, '-F', `monitoring_data=@${file}`, ...args]), empty);
  assert.equal(await running.readOutput('form'), goodOutput.toString());
});

test('who sends is known by token, by user and password, or by certificate', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'anna', hosts: ['web*'] });
  const user = ['--user', `anna:${password}`];
  assert.deepEqual(await curlUpload(running, 'web01', goodOutput, user), empty);
  const place = { port: running.port, site };
  const connection = await register(place, { user: 'anna', password }, 'web02', { kind: 'ec' });
  const [cert, key] = [join(running.directory, 'c.pem'), join(running.directory, 'k.pem')];
  await writeFile(cert, connection.cert);
  await writeFile(key, connection.key);
  const certificate = ['--cert', cert, '--key', key];
  assert.deepEqual(await curlUpload(running, 'web02', goodOutput, certificate), empty);
  const other = await curlUpload(running, 'web01', goodOutput, certificate);
  assert.deepEqual(other, {
    status: 403,
    body: 'not allowed to write for this host (REFUSED)\n',
  });
});

test('refusals are one line of text, and tell nobody whether a host exists', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  await curlUpload(running, 'web01', goodOutput, bearer(token));
  const unknown = { status: 401, body: 'these credentials are not accepted (REFUSED)\n' };
  const missing = { status: 401, body: 'credentials are missing or ill-formed (REFUSED)\n' };
  const forbidden = { status: 403, body: 'not allowed to write for this host (REFUSED)\n' };
  for (const host of ['web01', 'web99', '-x', 'db01']) {
    assert.deepEqual(await curlUpload(running, host, goodOutput), missing);
    assert.deepEqual(await curlUpload(running, host, goodOutput, bearer('wrong')), unknown);
  }
  assert.deepEqual(await curlUpload(running, 'db01', goodOutput, bearer(token)), forbidden);
  const expected: readonly (readonly [body: Buffer | string, args: string[], said: object])[] = [
    [
      '<html><title>Login</title></html>',
      [],
      {
        status: 400,
        body: 'line 1: this looks like an HTML page titled "Login", not agent output (rule html-page) (MALFORMED)\n',
      },
    ],
    [
      '',
      [],
      { status: 400, body: 'line 1: the output is empty (rule empty-output) (MALFORMED)\n' },
    ],
    [
      gzipSync(goodOutput).subarray(0, 30),
      [],
      { status: 400, body: 'damaged gzip data: they end too early (MALFORMED)\n' },
    ],
    [
      Buffer.from('377abcaf271c00044a8b6d1d', 'hex'),
      [],
      { status: 400, body: 'this is a 7z archive, not agent output (MALFORMED)\n' },
    ],
    [
      goodOutput,
      ['-H', 'Content-Encoding: br'],
      { status: 415, body: 'the body must be plain, gzip, deflate or zstd (USAGE)\n' },
    ],
    [
      goodOutput,
      ['-H', 'X-Produced-At: yesterday'],
      {
        status: 400,
        body: 'X-Produced-At "yesterday" is no time we can read; send seconds since 1970, or a time as in RFC 3339 (USAGE)\n',
      },
    ],
    [goodOutput, ['-X', 'DELETE'], { status: 405, body: 'only PUT and POST here (USAGE)\n' }],
  ];
  for (const [body, args, said] of expected) {
    assert.deepEqual(await curlUpload(running, 'web02', body, [...bearer(token), ...args]), said);
  }
  assert.equal(await running.readOutput('web02'), undefined);
});

test('what programs of the system unpack is taken, damaged it is refused', {
  skip: skip || skipWithout('xz') || skipWithout('bzip2'),
}, async (t) => {
  const running = await startReceiver(t);
  const args = bearer(await running.makeAccess({}));
  for (const program of ['xz', 'bzip2']) {
    const packed = execFileSync(program, ['-zc'], { input: goodOutput });
    assert.deepEqual(await curlUpload(running, program, packed, args), empty);
    assert.equal(await running.readOutput(program), goodOutput.toString());
    assert.deepEqual(await curlUpload(running, 'web01', packed.subarray(0, -10), args), {
      status: 400,
      body: `damaged ${program} data: they end too early (MALFORMED)\n`,
    });
  }
  assert.equal(await running.readOutput('web01'), undefined);
});

test('when it was produced is kept', { skip }, async (t) => {
  const running = await startReceiver(t);
  const args = bearer(await running.makeAccess({}));
  const at = Math.floor(Date.now() / 1000) - 3600;
  const iso = new Date(at * 1000).toISOString();
  const http = new Date(at * 1000).toUTCString();
  for (const text of [String(at), iso, http, `${at}.000`]) {
    const said = await curlUpload(running, 'web01', goodOutput, [
      ...args,
      '-H',
      `X-Produced-At: ${text}`,
    ]);
    assert.deepEqual(said, empty);
    assert.equal((await running.readSpooled('web01'))?.producedAt.toISOString(), iso);
  }
});

test('the newest produced wins, and none is from the future', { skip }, async (t) => {
  const running = await startReceiver(t);
  const args = bearer(await running.makeAccess({}));
  const now = Math.floor(Date.now() / 1000);
  const upload = (text: string, producedAt: number) =>
    curlUpload(running, 'web01', `${goodOutput}${text}`, [
      ...args,
      '-H',
      `X-Produced-At: ${producedAt}`,
    ]);
  assert.deepEqual(await upload('new', now - 10), empty);
  assert.deepEqual(await upload('delayed', now - 900), empty);
  assert.equal(await running.readOutput('web01'), `${goodOutput}new`);
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  const dropped = `older output dropped: produced ${iso(now - 900)}, there is one of ${iso(now - 10)}`;
  assert.match(running.log.lines.join('\n'), new RegExp(`${dropped} \\(upload token \\w+\\)`));
  const { status, body } = await upload('ahead', now + 3600);
  assert.equal(status, 400);
  assert.match(body, /^X-Produced-At "\d+" is (?:1h|59m\d+s) in the future, allowed are 1m; /);
  assert.equal(await running.readOutput('web01'), `${goodOutput}new`);
  assert.deepEqual(await upload('newest', now), empty);
  assert.equal(await running.readOutput('web01'), `${goodOutput}newest`);
});

test('piggyback gets in only for hosts the sender may write for', { skip }, async (t) => {
  const running = await startReceiver(t);
  const output = `${goodOutput}<<<<vm1>>>>\n<<<df>>>\n<<<<>>>>\n`;
  const plain = await running.makeAccess({ hosts: ['esx'] });
  assert.deepEqual(await curlUpload(running, 'esx', output, bearer(plain)), {
    status: 403,
    body: 'there is piggyback for vm1, which is not allowed here (REFUSED)\n',
  });
  for (const wish of [{ hosts: ['esx', 'vm*'] }, { hosts: ['esx'], piggyback: ['vm?'] }]) {
    const token = await running.makeAccess(wish);
    assert.deepEqual(await curlUpload(running, 'esx', output, bearer(token)), empty);
  }
});

test('what some site drops is taken with a warning when it begins, and not when strict', {
  skip,
}, async (t) => {
  const lossy = `${goodOutput}<<<hyper-v_node>>>\n`;
  const running = await startReceiver(t);
  const mild = bearer(await running.makeAccess({}));
  for (const text of [lossy, lossy, goodOutput, lossy]) {
    assert.deepEqual(await curlUpload(running, 'web01', text, mild), empty);
  }
  const warned = running.log.lines.filter((line) => line.includes('served, with losses'));
  assert.equal(warned.length, 2);
  assert.match(warned.join(), /1 loss on some sites; line \d+: invalid section header/);
  const strict = await startReceiver(t, { strict: ['true'] });
  const said = await curlUpload(strict, 'web01', lossy, bearer(await strict.makeAccess({})));
  assert.equal(said.status, 400);
  assert.match(said.body, /\(rule invalid-name\)/);
});

test('piggyback of the host itself needs no leave, and white space hides none', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const args = bearer(await running.makeAccess({ hosts: ['web01'] }));
  const own = `${goodOutput}<<<<web01>>>>\n<<<df>>>\n`;
  assert.deepEqual(await curlUpload(running, 'web01', own, args), empty);
  const foreign = `${goodOutput}<<<<db1>>>> \n<<<local:sep(0)>>>\n0 "Backup" - fine\n<<<<>>>>\n`;
  assert.equal((await curlUpload(running, 'web01', foreign, args)).status, 400);
});

test('a token may expire, and is gone as soon as it is revoked', { skip }, async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({});
  assert.deepEqual(await curlUpload(running, 'web01', goodOutput, bearer(token)), empty);
  const access = await running.accesses.token(token);
  assert.ok(access);
  await running.accesses.remove(access);
  assert.equal((await curlUpload(running, 'web01', goodOutput, bearer(token))).status, 401);
  const expired = await running.makeAccess({ now: Date.now() - 2000, validMs: 1000 });
  assert.equal((await curlUpload(running, 'web01', goodOutput, bearer(expired))).status, 401);
  const registration = await running.makeAccess({ kind: 'registration' });
  assert.equal((await curlUpload(running, 'web01', goodOutput, bearer(registration))).status, 401);
});

test('without TLS only this machine gets in, and everybody learns the port', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const base = `http://127.0.0.1:${running.plainPort}`;
  const path = 'check_mk/api/1.0/domain-types/internal/actions/discover-receiver/invoke';
  for (const url of [base, `https://localhost:${running.port}`]) {
    const said = await curl(running, [`${url}/${site}/${path}`]);
    assert.deepEqual(said, { status: 200, body: String(running.port) });
  }
  const token = await running.makeAccess({});
  const url = `${base}/v1/hosts/web01/agent-output`;
  const args = ['--data-binary', '<<<check_mk>>>', ...bearer(token)];
  assert.deepEqual(await curl(running, [url, ...args]), empty);
});
