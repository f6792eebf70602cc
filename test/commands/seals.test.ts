import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { fingerprintOf } from '../../src/sealing/keys.ts';
import { sealPlaces } from '../../src/sealing/places.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { output } from '../sealing/attacks.ts';
import { idOf, rsaPair, seal, toPem } from '../sealing/sealing-kit.ts';

const host = rsaPair('host');
const next = rsaPair('next');
const fingerprint = fingerprintOf(idOf(host.publicKey));

async function makeSite(t: TestContext) {
  const root = await makeTempDir(t);
  const env = { OMD_ROOT: root, PATH: process.env['PATH'] };
  const put = (name: string, bytes: Buffer | string) => {
    writeFileSync(join(root, name), bytes);
    return join(root, name);
  };
  const run = async (...args: readonly string[]) => {
    const { said, ...context } = makeCommandContext();
    const program = { ...context, clock: systemClock, env: { ...env } };
    return { code: await main(args, program), ...said };
  };
  const seals = (...args: readonly string[]) => run('seals', ...args);
  return { root, places: sealPlaces(env), put, run, seals };
}

test('the key pair of a site is made once, and again only when asked for', async (t) => {
  const { seals, places } = await makeSite(t);
  const made = await seals('init');
  assert.match(made.errors, /^made SHA256:\S{43}\n$/);
  assert.match(made.output, /^-----BEGIN PUBLIC KEY-----\n/);
  assert.equal((await seals('init')).output, made.output);
  assert.equal(statSync(places.siteKeys).mode & 0o777, 0o700);
  assert.notEqual((await seals('init', '--renew')).output, made.output);
});

test('a host is enrolled by its key, shown, revoked and forgotten', async (t) => {
  const { put, seals } = await makeSite(t);
  const key = put('web01.pub', toPem(host.publicKey));
  const other = put('next.pub', toPem(next.publicKey));
  const said = await seals('enroll', 'web01', key, '--yes', '--piggyback=vm*');
  assert.equal(said.output, `enrolled web01 ${fingerprint}\n`);
  const beside = await seals(
    'enroll',
    'web01',
    other,
    '--yes',
    '--label=next',
    '--until=2099-01-01',
  );
  assert.match(beside.errors, /, beside SHA256:/);
  const day = new Date().toISOString().slice(0, 10);
  const ours = `web01 ${fingerprint} key "web01" since ${day}`;
  assert.equal(
    (await seals('list')).output,
    `${ours}, good, piggyback vm*\nweb01 ${fingerprintOf(idOf(next.publicKey))} key "next" since ${day}, good until 2099-01-01\n`,
  );
  assert.equal(
    (await seals('revoke', 'web01', fingerprint)).output,
    `revoked web01 ${fingerprint}\n`,
  );
  assert.match(
    (await seals('show', 'web01')).output,
    new RegExp(`revoked ${day}, piggyback vm\\*\\n`),
  );
  const again = await seals('enroll', 'web01', key, '--yes');
  assert.equal(
    again.errors.split('\n')[1],
    `cmk-courier: seals: ${fingerprint} was revoked for web01 on ${day}; it needs another key, or forget the host first (USAGE)`,
  );
  assert.equal((await seals('forget', 'web01', '--yes')).output, 'forgot web01\n');
  assert.equal((await seals('list')).output, 'no host is enrolled\n');
});

test('a key of another fingerprint, or a bad one, is not taken', async (t) => {
  const { put, seals } = await makeSite(t);
  const key = put('web01.pub', toPem(host.publicKey));
  const other = await seals('enroll', 'web01', key, '--fingerprint=SHA256:x');
  assert.equal(other.code, 7);
  assert.match(other.errors, /no key has that fingerprint, but SHA256:/);
  const weak = put('weak.pub', toPem(rsaPair('weak', 1024).publicKey));
  assert.match((await seals('enroll', 'web01', weak, '--yes')).errors, /an RSA key of 1024 bits/);
  assert.equal((await seals('list')).output, 'no host is enrolled\n');
});

test('a shared secret is shown once, kept apart, and opens a drop', async (t) => {
  const { put, run, seals, places } = await makeSite(t);
  const { output: shown } = await seals('enroll', 'mac01', '--secret');
  assert.match(shown, /^[0-9a-f]{64}\n$/);
  const enrolment = readFileSync(join(places.hosts, 'mac01'), 'utf8');
  assert.ok(!enrolment.includes(shown.trim()));
  const signer = { secret: shown.trim() };
  const drop = put('drop', seal({ host: 'mac01', produced: new Date(), output, signer }));
  assert.deepEqual((await run('fetch', '--host=mac01', drop)).output, output.toString());
});

test('open says step by step what is in a drop, and where it is refused', async (t) => {
  const { put, run, seals } = await makeSite(t);
  const key = put('web01.pub', toPem(host.publicKey));
  const make = (ageS: number, signer = host) =>
    seal({ host: 'web01', produced: new Date(Date.now() - ageS * 1000), output, signer });
  const drop = put('drop', make(1));
  assert.match(
    (await seals('open', drop)).output,
    /\nFAIL signature web01 has no enrolment \(REFUSED\)\n$/,
  );
  await seals('enroll', 'web01', key, '--yes');
  const good = await seals('open', drop);
  assert.equal(good.code, 0);
  assert.match(good.output, /\nok {3}output {4}45 bytes, 1 sections\n$/);
  assert.equal((await run('fetch', '--host=web01', drop)).code, 0);
  const old = await seals('open', put('old', make(60)));
  assert.equal(old.code, 10);
  assert.match(
    old.output,
    /FAIL trust {5}the drop of web01 is of .* was accepted before \(STALE\)\n$/,
  );
  const plain = await seals('open', put('plain', output));
  assert.equal(
    plain.output,
    'ok   file      45 bytes\nFAIL form      this is not sealed: it does not begin as a sealed drop (MALFORMED)\n',
  );
  assert.match(
    (await run('check', drop)).errors,
    /: this is a signed document where output should be; `cmk-courier seals open` looks into it \(MALFORMED\)\n$/,
  );
  assert.equal((await seals('open', drop, '--host=web02')).code, 7);
});

test('enrolments that others may change, or that nobody can read, are a fault and not passed over', async (t) => {
  const { put, run, seals, places } = await makeSite(t);
  await seals('enroll', 'web01', put('web01.pub', toPem(host.publicKey)), '--yes');
  const path = join(places.hosts, 'web01');
  const text = readFileSync(path, 'utf8');
  const drop = put('drop', output);
  const ask = async () => (await run('fetch', '--host=web01', drop)).errors;
  chmodSync(path, 0o666);
  assert.match(await ask(), /others may change .*: it is writable for everybody .*\(CONFIG\)\n$/);
  chmodSync(path, 0o600);
  writeFileSync(path, text.replace('label', 'lable'));
  assert.match(await ask(), /hosts\/web01: label is missing where lable is \(CONFIG\)\n$/);
  writeFileSync(path, text.replace(/\nkey ./, '\nkey 0'));
  assert.match(await ask(), /is another key \(CONFIG\)\n$/);
  writeFileSync(path, text.replace('requires yes', 'requires no until 2099-01-01'));
  assert.equal(await ask(), '');
  writeFileSync(path, `# ours\n\n${text}`);
  assert.match(await ask(), /this is not sealed, and web01 is enrolled \(REFUSED\)\n$/);
});

test('a backup holds all of it, for its owner alone', async (t) => {
  const { root, put, seals } = await makeSite(t);
  await seals('enroll', 'web01', put('web01.pub', toPem(host.publicKey)), '--yes');
  const path = join(root, 'backup.tgz');
  assert.match((await seals('backup', path)).output, /^\d+ bytes in .*; it holds secrets\n$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal((await seals('backup', path)).code, 4);
});
