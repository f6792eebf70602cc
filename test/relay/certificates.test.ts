/** A relay with a client certificate: its rights lie at the receiver, never in the certificate. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readIssued } from '../../src/certs/issued.ts';
import { Revocations } from '../../src/certs/revocation.ts';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { describeSilence } from '../../src/relay/looking.ts';
import { listRelays } from '../../src/relay/records.ts';
import { Authority } from '../helpers/certificates.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { exchange, register } from '../peers/controller-client.ts';
import { signWithAgentCa } from '../receiver/forged-certificates.ts';
import { runHosts } from '../receiver/run-hosts.ts';
import {
  goodOutput,
  type RunningReceiver,
  site,
  startReceiver,
} from '../receiver/running-receiver.ts';
import { makeOutput, startRelay, until } from './running-relay.ts';

const timeout = 60_000;

interface Made {
  readonly id: string;
  readonly serial: string;
  readonly cert: string;
  readonly key: string;
}

async function make(
  receiver: RunningReceiver,
  hosts: readonly string[],
  options: RawOptions = {},
): Promise<Made> {
  const printed = await runHosts(receiver, ['certificate', ...hosts], {
    ...options,
    json: ['true'],
  });
  assertDocument('hosts certificate', printed);
  const { id, serial, certificate: cert, key } = JSON.parse(printed);
  return { id, serial, cert, key };
}

/** `--cert` of a relay: key and certificate in one file. */
async function toFile({ cert, key }: Pick<Made, 'cert' | 'key'>): Promise<string> {
  const path = join(await makeTempDir(), 'far1.pem');
  writeFileSync(path, key + cert, { mode: 0o600 });
  return path;
}

/** What an upload for a host is answered, with this certificate. */
async function upload(
  { port }: RunningReceiver,
  { cert, key }: Pick<Made, 'cert' | 'key'>,
  host = 'far-web01',
  body = goodOutput,
): Promise<string> {
  const message = { method: 'PUT', path: `/v1/hosts/${host}/agent-output`, body };
  const tls = { cert, key, rejectUnauthorized: false };
  const { status, body: said } = await exchange({ port, site }, message, tls);
  return `${status} ${said}`.trim();
}

async function writesForItsHosts(t: TestContext) {
  const receiver = await startReceiver(t);
  const made = await make(receiver, ['far-*'], { name: ['far1'], piggyback: ['vm*'] });
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-web01', 'near01'],
    options: { cert: [await toFile(made)] },
  });
  const output = makeOutput('far-web01');
  relay.drop('far-web01', output);
  relay.drop('near01', makeOutput('near01'));
  await until(async () => (await receiver.readOutput('far-web01')) === output);
  await until(() => relay.status().refused > 0);
  assert.equal(relay.status().relay, 'far1');
  const refused = 'not allowed to write for this host (REFUSED)';
  assert.deepEqual(relay.status().refusedHosts, [{ host: 'near01', message: refused }]);
  assert.equal(await receiver.readOutput('near01'), undefined);
  const listed = await runHosts(receiver, ['list']);
  const [first = ''] = listed.split('\n');
  const about = `certificate ${made.id} "far1" for far-*, piggyback for vm*, for ever`;
  assert.match(
    first,
    new RegExp(`^${about.replaceAll('*', '\\*')}; its newest certificate ends \\S+Z$`),
  );
  // As with a token: piggyback for whom it may, and for nobody else.
  const piggyback = (host: string) =>
    Buffer.from(`<<<check_mk>>>\nVersion: 1\n<<<<${host}>>>>\n<<<x>>>\n<<<<>>>>\n`);
  assert.equal(await upload(receiver, made, 'far-web01', piggyback('vm1')), '204');
  assert.match(await upload(receiver, made, 'far-web01', piggyback('db1')), /^403 .*db1/);
}

async function isRevokedAtOnce(t: TestContext) {
  const receiver = await startReceiver(t);
  const made = await make(receiver, ['far-*'], { name: ['far1'] });
  const options = { cert: [await toFile(made)] };
  const relay = await startRelay(t, [receiver], { hosts: ['far-web01'], options });
  const one = makeOutput('far-web01', 'one');
  relay.drop('far-web01', one);
  await until(async () => (await receiver.readOutput('far-web01')) === one);
  await expectFault(runHosts(receiver, ['revoke', 'far1']), 'USAGE');
  const revoked = await runHosts(receiver, ['revoke', made.id]);
  const lines = [
    `revoked ${made.id}, 1 certificate`,
    `revoked certificate ${made.id} "far1" for far-*`,
  ];
  assert.deepEqual(revoked.trim().split('\n'), lines);
  assert.deepEqual(receiver.denied(), [made.serial]);
  // Over the connection that is kept.
  relay.drop('far-web01', makeOutput('far-web01', 'two'));
  await until(() => relay.status().receivers[0]?.state === 'down');
  const { code, message = '' } = relay.status().receivers[0]?.fault ?? {};
  assert.equal(code, 'REFUSED');
  assert.match(message, /the peer answered 401 .*(it is revoked|no rights of its own)/);
  assert.equal(relay.status().waiting, 1);
  assert.equal(await receiver.readOutput('far-web01'), one);
  // And at the site, once the relay counts as silent.
  const [known] = await listRelays(join(receiver.directory, 'spool'));
  const silence = known && describeSilence(known, Date.now() + 600_000);
  assert.match(
    silence ?? '',
    /^relay far1 has been silent for .* \(refused .* ago: the client cert/,
  );
}

async function isNobodyElse(t: TestContext) {
  const receiver = await startReceiver(t);
  const { directory } = receiver.certificates;
  const [far, other] = [await make(receiver, ['far-*']), await make(receiver, ['other-*'])];
  assert.equal(await upload(receiver, far), '204');
  assert.match(await upload(receiver, other), /^403 not allowed to write for this host/);
  // The common name of another, signed by the same authority: any host may register with it.
  const copied = await signWithAgentCa(directory, { commonNames: [far.id] });
  const notMeant = new RegExp(`^401 the client certificate has the name of ${far.id}, and was not`);
  assert.match(await upload(receiver, copied), notMeant);
  const stranger = new Authority('Agent CA of mysite').issueClient({ name: far.id });
  assert.match(await upload(receiver, stranger), /^401 the client certificate is not accepted: /);
  const password = await receiver.makeAccess({ kind: 'user', name: 'admin' });
  const place = { port: receiver.port, site };
  const credential = { user: 'admin', password };
  await assert.rejects(
    register(place, credential, 'web01', { uuid: far.id }),
    /this UUID is registered for another host/,
  );
  // That of a host stays that of this one host.
  const { key, cert } = await register(place, credential, 'web01');
  assert.equal(await upload(receiver, { key, cert }, 'web01'), '204');
  assert.match(await upload(receiver, { key, cert }, 'far-web01'), /^403 not allowed to write/);
}

async function isRenewed(t: TestContext) {
  const receiver = await startReceiver(t);
  const made = await make(receiver, ['far-*'], { name: ['far1'], valid: ['20d'] });
  const cert = await toFile(made);
  const options = { cert: [cert], contact: ['100ms'] };
  const relay = await startRelay(t, [receiver], { hosts: ['far-web01'], options });
  const arrives = async (text: string) => {
    const output = makeOutput('far-web01', text);
    relay.drop('far-web01', output);
    await until(async () => (await receiver.readOutput('far-web01')) === output);
  };
  await arrives('one');
  const told = (text: string) => relay.log.lines.filter((line) => line.includes(text));
  writeFileSync(cert, 'half of it');
  await until(() => told('stays in use').length > 0);
  await arrives('two');
  const renewed = await runHosts(receiver, ['certificate'], { renew: ['far1'], valid: ['90d'] });
  assert.equal((await receiver.accesses.list())[0]?.certificates?.length, 2);
  writeFileSync(cert, renewed);
  await until(() => told('were read again').length > 0);
  const revocations = await Revocations.load(receiver.certificates.directory);
  await revocations.add(made.serial, made.id, new Date());
  assert.match(await upload(receiver, made), /^401 .*it is revoked/);
  await arrives('three');
  assert.equal(relay.status().receivers[0]?.state, 'used');
  assert.equal(told('stays in use').length, 1);
  const ending = told('the certificate that the receiver knows us by');
  assert.match(
    ending[0] ?? '',
    /^warn the certificate .* expires in (19|20) days; on the site, `cmk-courier hosts/,
  );
  assert.equal(ending.length, 1);
}

const dayMs = 86_400_000;

async function ends(t: TestContext) {
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  const receiver = await startReceiver(t, {}, clock);
  const made = await make(receiver, ['far-*'], { name: ['far1'], valid: ['30d'] });
  assert.equal(await upload(receiver, made), '204');
  aheadMs = 31 * dayMs;
  assert.match(
    await upload(receiver, made),
    new RegExp(`^401 .*it expired at \\S+; cmk-courier hosts certificate --renew=${made.id} makes`),
  );
  const [record] = await receiver.accesses.list();
  assert.equal(record?.certificates?.[0]?.notAfter, record?.expiresAt);
  const issued = await readIssued(receiver.certificates.directory);
  assert.equal(issued.at(-1)?.notAfter.toISOString(), record?.expiresAt);
  // A longer certificate gives no longer rights.
  aheadMs = 0;
  assert.equal(await upload(receiver, made), '204');
  assert.ok(record);
  const ended = { serial: '1', notAfter: new Date(), expiresAt: new Date(Date.now() - 1000) };
  await receiver.accesses.addCertificate(record, ended, { now: 0, revoke: async () => undefined });
  assert.match(await upload(receiver, made), /^401 the rights of this certificate have expired: /);
  const expired =
    /^the rights of certificate \S+ "far1" have expired; --valid gives them another end$/;
  await expectFault(runHosts(receiver, ['certificate'], { renew: ['far1'] }), 'USAGE', expired);
}

describe('a relay with a certificate', { concurrency: true, timeout }, () => {
  test('it writes for the hosts and piggyback it was given, and for no other', writesForItsHosts);
  test('revoking it works at once, also over a connection that is kept', isRevokedAtOnce);
  test('another one, a copied name, and that of a host are nobody else', isNobodyElse);
  test('it is renewed while the relay runs, which reads its files again', isRenewed);
  test('it ends when its rights end', ends);
});
