import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { fingerprintOf } from '../../src/sealing/keys.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { attacks, enrollAll, host, output } from '../sealing/attacks.ts';
import { makeSealSite } from '../sealing/seal-site.ts';
import { idOf, type RsaPair, rsaPair, type Sealing, seal, toPem } from '../sealing/sealing-kit.ts';
import { curl, curlUpload } from './curl.ts';
import { startReceiver } from './running-receiver.ts';

const skip = skipWithout('curl');
const kept = { status: 204, body: '' };

function drop(ageS: number, changes: Partial<Sealing> = {}): Buffer {
  const produced = new Date(Date.now() - ageS * 1000);
  return seal({ host: 'web01', produced, output, signer: host, ...changes });
}

async function start(t: TestContext, piggyback: readonly string[] = ['*']) {
  const site = await makeSealSite(t);
  const options = { maxSize: ['1000000'] };
  const running = await startReceiver(t, options, systemClock, site.env);
  const token = await running.makeAccess({ hosts: ['*'], piggyback });
  const login = ['-H', `Authorization: Bearer ${token}`];
  const send = (name: string, bytes: Buffer, ...args: readonly string[]) =>
    curlUpload(running, name, bytes, [...login, ...args]);
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
  return { site, running, send, handIn, seals };
}

test('a sealed drop is stored as it came, with the time of its seal', { skip }, async (t) => {
  const { site, running, send } = await start(t);
  await enrollAll(site);
  const bytes = drop(60, { recipients: [site.publicKey] });
  assert.deepEqual(await send('web01', gzipSync(bytes), '-H', 'X-Produced-At: 1000000000'), kept);
  const stored = await running.readSpooled('web01');
  assert.deepEqual(stored?.output, bytes);
  assert.ok(Math.abs(Date.now() - 60_000 - (stored?.producedAt.getTime() ?? 0)) < 10_000);
  // Whose seal nobody here can judge is judged by whoever fetches it.
  const unknown = drop(50, { host: 'esx1' });
  assert.deepEqual(await send('esx1', unknown), kept);
  const elsewhere = drop(40, { recipients: [rsaPair('other').publicKey] });
  assert.deepEqual(await send('web01', elsewhere), kept);
  assert.deepEqual((await running.readSpooled('web01'))?.output, elsewhere);
});

/** What another site may open, and who nobody here knows, a fetch refuses; so it does with age. */
const forFetches = [
  'a drop for another site',
  'a drop of a host that is not enrolled',
  'a drop of an hour ago, the clock of its host being behind',
];

/** The receiver has words of its own for these. */
const otherWords: Readonly<Record<string, RegExp>> = {
  'a plain drop': /^web01 is enrolled: its output has to be sealed \(REFUSED\)\n$/,
  'a plain drop of a host enrolled by a pattern': /^gate7 is enrolled: its output has to be sealed/,
  'a drop of the same key for another host': /^sealed for gate8, not for gate7 \(REFUSED\)\n$/,
  'a drop of in an hour': /^sealed 59m.* in the future: the clock of web01 is ahead of ours/,
  'a drop within a drop': /no section in the output/,
  'sealed piggyback for an enrolled host that the key may not send':
    /^there is piggyback for web02, which is enrolled, and no seal allows it \(REFUSED\)\n$/,
  'plain piggyback for an enrolled host in the output of one that is not':
    /^there is piggyback for web02, which is enrolled, and no seal allows it \(REFUSED\)\n$/,
};

test('through the receiver no attack on a seal gets anywhere', { skip }, async (t) => {
  const { site, running, send } = await start(t);
  await enrollAll(site);
  for (const { what, says, make, name = 'web01' } of attacks) {
    if (forFetches.includes(what)) continue;
    const { status, body } = await send(name, make(new Date(), site));
    assert.ok([400, 403, 413].includes(status), `${what}: ${status} ${body}`);
    const words = otherWords[what] ?? new RegExp(says.source.replace(/\$$/, ''));
    assert.match(body, words, what);
    assert.equal(await running.readOutput(name), undefined, what);
  }
});

test('piggyback needs the right of the sender and of the seal', { skip }, async (t) => {
  const { site, send } = await start(t, ['web02']);
  await enrollAll(site);
  await site.enroll('web01', host, { piggyback: ['web0*', 'vm1'] });
  const withBlock = (name: string) =>
    drop(1, { output: Buffer.from(`${output}<<<<${name}>>>>\n<<<a>>>\nb\n<<<<>>>>\n`) });
  assert.deepEqual(await send('web01', withBlock('web02')), kept);
  await site.enroll('web01', host, { piggyback: ['vm1'] });
  assert.equal((await send('web01', withBlock('web02'))).status, 403);
});

test('a drop older than the one accepted last is served, and not kept', { skip }, async (t) => {
  const { site, running, send } = await start(t);
  await enrollAll(site);
  const path = join(site.places.accepted, 'web01.seal');
  await mkdir(site.places.accepted, { recursive: true });
  await writeFile(path, `produced 20991231000000\nsigner ${idOf(host.publicKey)}\n`);
  assert.deepEqual(await send('web01', drop(5)), kept);
  assert.equal(await running.readOutput('web01'), undefined);
  assert.match(running.log.lines.join('\n'), /older drop dropped: produced/);
});

const fingerprint = ({ publicKey }: RsaPair) => fingerprintOf(idOf(publicKey));

test('a key that a host hands in waits, is shown, allowed, and known from then on', {
  skip,
}, async (t) => {
  const { site, send, handIn, seals } = await start(t);
  const waits = {
    status: 202,
    body: `the key ${fingerprint(host)} waits for cmk-courier seals allow web01\n`,
  };
  assert.deepEqual(await handIn('web01', toPem(host.publicKey)), waits);
  assert.deepEqual(await handIn('web01', toPem(host.publicKey)), waits);
  // Nothing is believed by it yet, and nothing refused for it.
  assert.deepEqual(await send('web01', output), kept);
  const { output: shown } = await seals('pending');
  assert.ok(shown.startsWith(`web01 ${fingerprint(host)} from 127`), shown);
  const asked = await seals('allow', 'web01', `--fingerprint=${fingerprint(rsaPair('other'))}`);
  assert.equal(asked.code, 7);
  assert.match(asked.errors, /no key has that fingerprint, but SHA256:/);
  assert.equal((await seals('allow', 'web01', `--fingerprint=${fingerprint(host)}`)).code, 0);
  assert.equal((await seals('pending')).output, 'no key waits\n');
  assert.deepEqual(await handIn('web01', toPem(host.publicKey)), kept);
  assert.equal((await send('web01', output)).status, 403);
  assert.equal((await site.book.enrolments.names()).join(), 'web01');
});

test('only a drop of the old key puts a new one beside it without a person', {
  skip,
}, async (t) => {
  const { site, send, handIn, seals } = await start(t);
  await site.enroll('web01', host);
  const [next, thief] = [rsaPair('next'), rsaPair('thief')];
  const pem = Buffer.from(toPem(next.publicKey));
  const stolen = await handIn('web01', drop(0, { output: pem, signer: thief }));
  assert.equal(stolen.status, 403);
  assert.match(stolen.body, /which is not enrolled \(REFUSED\)\n$/);
  const old = await handIn('web01', drop(4000, { output: pem }));
  assert.equal(old.body, 'the drop with the new key is not of this hour (REFUSED)\n');
  assert.equal((await handIn('web01', toPem(next.publicKey))).status, 202);
  assert.match((await seals('pending')).output, /, enrolled is SHA256:/);
  assert.equal((await send('web01', drop(3, { signer: next }))).status, 403);
  assert.deepEqual(await handIn('web01', drop(0, { output: pem })), kept);
  assert.deepEqual(await send('web01', drop(2, { signer: next })), kept);
  assert.equal((await seals('revoke', 'web01', fingerprint(host))).code, 0);
  assert.equal((await send('web01', drop(1))).status, 403);
  assert.equal((await handIn('web01', toPem(host.publicKey))).status, 403);
});

test('what is no key, or a bad one, is answered with why', { skip }, async (t) => {
  const { handIn, seals } = await start(t);
  const answers: readonly (readonly [bytes: Buffer | string, status: number, body: RegExp])[] = [
    ['hello\n', 400, /^the body is no public key in PEM \(MALFORMED\)\n$/],
    [toPem(rsaPair('weak', 1024).publicKey), 403, /^an RSA key of 1024 bits; from 3072 to 8192/],
    [toPem(host.privateKey), 403, /^this is a private key; it is to stay where it was made/],
    [drop(0), 403, /^web01 has no key enrolled that could vouch for another/],
  ];
  for (const [bytes, status, body] of answers) {
    const said = await handIn('web01', bytes);
    assert.equal(said.status, status);
    assert.match(said.body, body);
  }
  assert.equal((await handIn('web01', toPem(host.publicKey))).status, 202);
  assert.equal((await seals('deny', 'web01')).code, 0);
  assert.equal((await handIn('web01', toPem(host.publicKey))).status, 403);
});
