/** What `hosts revoke`, `hosts list` and `hosts allow --piggyback` promise. */

import assert from 'node:assert/strict';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isHostUuid } from '../../src/certs/dns-name.ts';
import { hosts } from '../../src/commands/hosts.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import {
  askForRegistration,
  askProgress,
  type Connection,
  exchange,
  makeKeys,
  push,
  register,
  renew,
  tlsOf,
  trustAnything,
} from '../peers/controller-client.ts';
import { runHosts } from '../receiver/run-hosts.ts';
import {
  goodOutput,
  type RunningReceiver,
  site,
  startReceiver,
} from '../receiver/running-receiver.ts';

const placeOf = ({ port }: RunningReceiver) => ({ port, site });

async function upload(running: RunningReceiver, token: string, host: string): Promise<number> {
  const path = `/v1/hosts/${host}/agent-output`;
  const headers = { authorization: `Bearer ${token}` };
  const message = { method: 'PUT', path, headers, body: goodOutput };
  return (await exchange(placeOf(running), message, trustAnything)).status;
}

const idOf = (token: string) => token.slice(0, 16);

test('revoke ends all that writes for a host, and says what it did', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const registration = (
    await runHosts(running, ['token', 'web61'], { registration: ['true'] })
  ).trim();
  const connection = await register(place, { token: registration }, 'web61');
  const renewed = await renew(place, connection);
  const own = (await runHosts(running, ['token', 'web61'], { name: ['backup of web61'] })).trim();
  const shared = (await runHosts(running, ['token', 'web61', 'web62'])).trim();
  const pattern = (await runHosts(running, ['token', 'web*'])).trim();
  await runHosts(running, ['token', 'web61'], { registration: ['true'] });
  const [unspent] = (await running.accesses.list()).filter(({ kind }) => kind === 'registration');
  await runHosts(running, ['allow', 'web61'], { piggyback: ['vm*'] });
  const esx = (await runHosts(running, ['token', 'esx1'], { piggyback: ['web6?'] })).trim();
  const said = (await runHosts(running, ['revoke', 'web61'])).split('\n');
  assert.deepEqual(
    said.sort(),
    [
      '',
      `revoked registration token ${unspent?.id} for web61`,
      `revoked upload token ${idOf(own)} "backup of web61" for web61`,
      `revoked web61 ${connection.uuid}, 2 certificates`,
      `still there: upload token ${idOf(pattern)} for web*, which writes for web61; \`cmk-courier hosts revoke ${idOf(pattern)}\` ends that, for all others too`,
      `took web61 from upload token ${idOf(shared)}, which stays good for web62`,
      `upload token ${idOf(esx)} for esx1, piggyback for web6?: its piggyback still reaches web61`,
    ].sort(),
  );
  for (const token of [own, shared]) {
    assert.notEqual(await upload(running, token, 'web61'), 204);
  }
  assert.equal(await upload(running, shared, 'web62'), 204);
  for (const one of [connection, renewed]) {
    await assert.rejects(push(place, one, goodOutput), { status: 400 });
  }
});

test('a host with a token only is revoked by its name; what is not there is said with what still fits', async (t) => {
  const running = await startReceiver(t);
  const token = (await runHosts(running, ['token', 'web61'])).trim();
  assert.equal(await upload(running, token, 'web61'), 204);
  assert.equal(
    await runHosts(running, ['revoke', 'web61']),
    `revoked upload token ${idOf(token)} for web61\n`,
  );
  assert.equal(await upload(running, token, 'web61'), 401);
  await expectFault(
    runHosts(running, ['revoke', 'web61']),
    'USAGE',
    /^there is no host, user, token or certificate "web61"$/,
  );
  const named = idOf(await runHosts(running, ['token', 'db1'], { name: ['far1'] }));
  await expectFault(
    runHosts(running, ['revoke', 'far1']),
    'USAGE',
    new RegExp(
      `^there is no host, user, token or certificate "far1"; upload token ${named} "far1" for db1 has an id: \`cmk-courier hosts revoke ${named}\`$`,
    ),
  );
  const pattern = idOf(await runHosts(running, ['token', 'web*']));
  await expectFault(
    runHosts(running, ['revoke', 'web61']),
    'USAGE',
    new RegExp(
      `^there is no host, user, token or certificate "web61"; still there: upload token ${pattern} for web\\*, which writes for web61; `,
    ),
  );
});

test('a request that was allowed registers nobody once the host is revoked', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({ kind: 'user', name: 'admin', hosts: ['db*'] });
  const labels = { 'cmk/hostname-simple': 'db01' };
  const asked = await askForRegistration(place, { user: 'admin', password }, labels);
  await runHosts(running, ['allow', 'db01']);
  const [said] = (await runHosts(running, ['revoke', 'db01'])).split('\n');
  assert.equal(said, `removed the request of ${asked.keys.uuid} (user admin) for db01`);
  await assert.rejects(askProgress(asked), { status: 404 });
});

test('certificates of a pairing are revoked with the host, and by UUID when it has none', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({ kind: 'user', name: 'admin', hosts: ['old*'] });
  const pair = async (): Promise<Connection> => {
    const { uuid, csr, key } = await makeKeys();
    const headers = {
      authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
    };
    const body = Buffer.from(JSON.stringify({ csr, uuid, host_name: 'old01' }));
    const path = 'pairing';
    const reply = await exchange(place, { method: 'POST', path, headers, body }, trustAnything);
    const { root_cert: rootCert, client_cert: cert } = JSON.parse(reply.body.toString());
    const name = { method: 'POST', path: 'register_with_hostname', headers, body };
    assert.equal((await exchange(place, name, trustAnything)).status, 204);
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { uuid, rootCert, cert, key: pem, mode: 'push-agent' };
  };
  const statusOf = async (connection: Connection) => {
    const path = `registration_status_v2/${connection.uuid}`;
    return (await exchange(place, { method: 'GET', path }, tlsOf(connection))).status;
  };
  const [first, second] = [await pair(), await pair()];
  assert.ok(isHostUuid(first.uuid));
  const [said] = (await runHosts(running, ['revoke', 'old01'])).split('\n');
  assert.equal(said, `revoked old01 ${second.uuid}, 1 certificate`);
  assert.equal(await statusOf(second), 400);
  // The one before was taken over: it stands for no host, but is still good.
  assert.equal(await statusOf(first), 200);
  assert.equal(
    await runHosts(running, ['revoke', first.uuid]),
    `revoked ${first.uuid}, 1 certificate\n`,
  );
  assert.equal(await statusOf(first), 400);
});

test('piggyback that was allowed by hand stays when a host registers again', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({
    kind: 'user',
    name: 'admin',
    piggyback: ['lpar1'],
  });
  const credential = { user: 'admin', password };
  const { uuid } = await register(place, credential, 'web01');
  const output = Buffer.from('<<<check_mk>>>\n<<<<vm1>>>>\n<<<df>>>\n<<<<lpar1>>>>\n<<<df>>>\n');
  assert.equal(
    await runHosts(running, ['allow', 'web01'], { piggyback: ['vm*'] }),
    'allowed web01 piggyback for lpar1 vm*\n',
  );
  await push(place, await register(place, credential, 'web01', { uuid }), output);
  await push(place, await register(place, credential, 'web01'), output);
  // By hand it is set anew, not added to; what the user brings along stays.
  await runHosts(running, ['allow', 'web01'], { piggyback: ['db1'] });
  const connection = await register(place, credential, 'web01');
  await assert.rejects(push(place, connection, output), { status: 403 });
});

test('a record of before keeps its piggyback, and a host that asked keeps what it is allowed', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const credential = { user: 'admin', password };
  await register(place, credential, 'web01');
  const record = await running.hosts.byName('web01');
  const { allowedPiggyback: _, ...old } = { ...record, piggyback: ['vm*'] };
  await writeFile(`${running.directory}/state/hosts/web01.json`, JSON.stringify(old));
  const output = Buffer.from('<<<check_mk>>>\n<<<<vm1>>>>\n<<<df>>>\n');
  await push(place, await register(place, credential, 'web01'), output);
  const labels = { 'cmk/hostname-simple': 'web02' };
  const asked = await askForRegistration(place, credential, labels);
  await runHosts(running, ['allow', 'web02'], { piggyback: ['vm*'] });
  const progress = await askProgress(asked);
  assert.ok(progress.status === 'Success');
  await push(place, progress.connection, output);
  // Its request is answered: the name now means the host.
  assert.equal(
    await runHosts(running, ['allow', 'web02'], { piggyback: ['lpar*'] }),
    'allowed web02 piggyback for lpar*\n',
  );
});

test('list shows hosts, tokens with their names, and no host twice', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const labels = { 'cmk/hostname-simple': 'web01' };
  const asked = await askForRegistration(place, { user: 'admin', password }, labels);
  await runHosts(running, ['allow', 'web01']);
  assert.equal((await askProgress(asked)).status, 'Success');
  await askForRegistration(place, { user: 'admin', password }, labels);
  const waiting = { 'cmk/hostname-simple': 'web02' };
  await askForRegistration(place, { user: 'admin', password }, waiting);
  await askForRegistration(place, { user: 'admin', password }, waiting);
  const token = await runHosts(running, ['token', 'web01'], { name: ['backup'] });
  const listed = await runHosts(running, ['list']);
  const shape = listed
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'UUID');
  assert.deepEqual(shape.split('\n'), [
    'registered web01 UUID push-agent since TIME by user admin',
    '  waiting web01 UUID asked TIME by user admin from 127.0.0.1, to take it over',
    'waiting web02 UUID asked TIME by user admin from 127.0.0.1',
    '  waiting web02 UUID asked TIME by user admin from 127.0.0.1',
    `upload token ${idOf(token)} "backup" for web01, for ever`,
    'user admin for *, for ever',
    '',
  ]);
  const { accesses, requests } = JSON.parse(await runHosts(running, ['list'], { json: ['true'] }));
  assert.equal(accesses[0].name, 'backup');
  assert.equal(requests.length, 3);
  await expectFault(
    runHosts(running, ['token', 'x'], { name: ['a\nb'] }),
    'USAGE',
    /^--name must be a name of up to 100 characters|must be a name of up to 100 characters/,
  );
});

test('where the deny list cannot be written all else is revoked, and it is said what is left', async (t) => {
  const running = await startReceiver(t);
  const place = placeOf(running);
  const token = await running.makeAccess({ kind: 'registration', hosts: ['web01'] });
  const connection = await register(place, { token }, 'web01');
  const own = await running.makeAccess({ hosts: ['web01'] });
  await mkdir(`${running.directory}/certificates/revoked.txt`);
  await expectFault(
    runHosts(running, ['revoke', 'web01']),
    'LOCAL',
    new RegExp(
      `^web01 ${connection.uuid} is registered no more; revoked upload token ${idOf(own)} for web01; its certificates are not on the deny list: reading .*revoked\\.txt: is a directory; \`cmk-courier certs revoke ${connection.uuid}\` does when that is mended$`,
    ),
  );
  assert.equal(await upload(running, own, 'web01'), 401);
  await rmdir(`${running.directory}/certificates/revoked.txt`);
  await assert.rejects(push(place, connection, goodOutput), { status: 403 });
});

test('of several names one that is wrong stops no other, and what was done is told', async (t) => {
  const running = await startReceiver(t);
  const token = (await runHosts(running, ['token', 'web01'])).trim();
  const context = makeCommandContext();
  const options = { state: [`${running.directory}/state`] };
  const certificates = [`${running.directory}/certificates`];
  const operands = ['revoke', 'web08', 'web01', 'web09'];
  await expectFault(
    hosts.run({ operands, options: { ...options, certificates } }, context),
    'USAGE',
    /^there is no host, user, token or certificate "web08"; there is no host, user, token or certificate "web09"$/,
  );
  assert.equal(context.said.output, `revoked upload token ${idOf(token)} for web01\n`);
  assert.equal(await upload(running, token, 'web01'), 401);
});
