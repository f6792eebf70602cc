import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { joinDrop, readHeader, splitDrop, writeHeader } from '../../src/sealing/drop.ts';
import { toDay } from '../../src/sealing/enrolment.ts';
import { fingerprintOf } from '../../src/sealing/keys.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { enrollAll, host, output } from '../sealing/attacks.ts';
import { makeSealSite } from '../sealing/seal-site.ts';
import { idOf, rsaPair, seal, sha256, signatureOf, toPem } from '../sealing/sealing-kit.ts';
import { curl, curlUpload } from './curl.ts';
import { startReceiver } from './running-receiver.ts';

const skip = skipWithout('curl');
const thief = rsaPair('thief');

async function start(t: TestContext) {
  const site = await makeSealSite(t);
  const running = await startReceiver(t, {}, systemClock, site.env);
  const token = await running.makeAccess({ hosts: ['*'], piggyback: [] });
  const login = ['-H', `Authorization: Bearer ${token}`];
  const handIn = async (name: string, bytes: Buffer | string) => {
    const file = join(running.directory, 'key');
    await writeFile(file, bytes);
    const url = `https://localhost:${running.port}/v1/hosts/${name}/seal-key`;
    return curl(running, [url, '-T', file, ...login]);
  };
  const seals = async (...args: readonly string[]) => {
    const { said, ...context } = makeCommandContext();
    const state = `--state=${join(running.directory, 'state')}`;
    const program = { ...context, clock: systemClock, env: { ...site.env } };
    const code = await main(['seals', ...args, state], program);
    return { code, ...said };
  };
  const send = (name: string, bytes: Buffer) => curlUpload(running, name, bytes, login);
  return { site, running, handIn, send, seals };
}

function drop(name: string, body: Buffer | string): Buffer {
  return seal({ host: name, produced: new Date(), output: Buffer.from(body), signer: host });
}

test('a key somewhere in the output of a host is not handed in by its seal', {
  skip,
}, async (t) => {
  const { site, handIn } = await start(t);
  await site.enroll('web01', host);
  const pem = toPem(thief.publicKey);
  const certificate = '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n';
  const own = toPem(rsaPair('next').publicKey);
  const others = [
    `${output}<<<logwatch>>>\n${pem}`,
    `C ${pem}`,
    `${pem}more\n`,
    certificate + pem,
    own + pem,
  ];
  for (const body of others) {
    const said = await handIn('web01', drop('web01', body));
    assert.deepEqual(said, { status: 400, body: 'the body is no public key in PEM (MALFORMED)\n' });
    assert.deepEqual(await handIn('web01', body), said);
  }
  assert.deepEqual(
    (await site.book.enrolments.load('web01'))?.keys.map(({ id }) => id),
    [idOf(host.publicKey)],
  );
  // With the ends of lines of Windows, and an empty one.
  assert.equal((await handIn('web01', `\r\n${own.replaceAll('\n', '\r\n')}\r\n`)).status, 202);
});

test('nothing is decrypted for a host that nobody has signed for', { skip }, async (t) => {
  const { site, running, send } = await start(t);
  await enrollAll(site);
  const [from, recipients] = ['esx1', [site.publicKey]] as const;
  const whole = seal({ host: from, produced: new Date(), output, signer: host, recipients });
  const { payload, body } = splitDrop(whole);
  // Whoever may send for any host without a key could learn from the answers what is in it.
  const torn = Buffer.from(
    body.map((byte, index) => (index === body.length - 17 ? byte ^ 1 : byte)),
  );
  const header = { ...readHeader(payload), bodySha256: sha256(torn) };
  const changed = writeHeader(header);
  const forged = joinDrop({ payload: changed, signature: signatureOf(changed, thief), body: torn });
  assert.deepEqual(await send(from, forged), { status: 204, body: '' });
  assert.deepEqual((await running.readSpooled(from))?.output, forged);
});

test('of several keys those that are not allowed go on waiting', { skip }, async (t) => {
  const { handIn, seals } = await start(t);
  for (const [name, pair] of [
    ['web01', host],
    ['web02', thief],
  ] as const) {
    assert.equal((await handIn(name, toPem(pair.publicKey))).status, 202);
  }
  const blind = await seals('allow', 'web01', '--yes');
  assert.equal(blind.code, 2);
  assert.match(blind.errors, /--fingerprint in place of --yes: another key may have come since/);
  const only = `--fingerprint=${fingerprintOf(idOf(host.publicKey))}`;
  assert.equal((await seals('allow', 'web01', 'web02', only)).code, 0);
  assert.match((await seals('pending')).output, /^web02 SHA256:/);
});

test('a key that ends vouches for one that lives as long, and the log tells', {
  skip,
}, async (t) => {
  const { site, running, handIn } = await start(t);
  const today = Date.now();
  const inDays = (days: number) => toDay(today + days * 86_400_000);
  await site.enroll('web01', host, { since: inDays(-300), until: inDays(65) });
  assert.equal((await handIn('web01', drop('web01', toPem(thief.publicKey)))).status, 204);
  const ends = (await site.book.enrolments.load('web01'))?.keys.map(({ until }) => until);
  assert.deepEqual(ends, [inDays(65), inDays(365)]);
  const [old, next] = [host, thief].map(({ publicKey }) => fingerprintOf(idOf(publicKey)));
  const told = `the key ${next} is enrolled, by a drop of ${old}`;
  assert.ok(
    running.log.lines.some((line) => line.includes(told)),
    running.log.lines.join('\n'),
  );
});

test('many keys that were denied keep no other out, many that wait do', { skip }, async (t) => {
  const { running, handIn } = await start(t);
  const directory = join(running.directory, 'state/seal-keys');
  const put = (count: number, state: string) =>
    writeFile(
      join(directory, `flood${count}.json`),
      JSON.stringify({
        ...{
          host: `flood${count}`,
          id: idOf(thief.publicKey),
          der: '',
          state,
          requestedBy: 'token x',
        },
        ...{ requestedAt: `2026-01-01T00:00:00.${String(count % 1000).padStart(3, '0')}Z` },
        address: '127.0.0.1',
      }),
      { mode: 0o600 },
    );
  for (let count = 0; count < 1000; count += 1) await put(count, 'new');
  assert.equal((await handIn('web01', toPem(host.publicKey))).status, 503);
  for (const count of [7, 8]) await put(count, 'denied');
  assert.equal((await handIn('web01', toPem(host.publicKey))).status, 202);
  const left = await readdir(directory);
  assert.deepEqual([left.includes('flood7.json'), left.includes('flood8.json')], [false, true]);
});
