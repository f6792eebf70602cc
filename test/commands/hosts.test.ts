import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { hosts } from '../../src/commands/hosts.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { assertDocument } from '../helpers/json-document.ts';
import {
  askForRegistration,
  askProgress,
  exchange,
  push,
  readStatus,
  register,
} from '../peers/controller-client.ts';
import { runHosts as run } from '../receiver/run-hosts.ts';
import {
  goodOutput,
  type RunningReceiver,
  site,
  startReceiver,
} from '../receiver/running-receiver.ts';

const labels = { 'cmk/hostname-simple': 'web02' };

function upload(running: RunningReceiver, token: string, host = 'web01') {
  const headers = { authorization: `Bearer ${token.trim()}` };
  const message = {
    method: 'PUT',
    path: `/v1/hosts/${host}/agent-output`,
    headers,
    body: goodOutput,
  };
  return exchange({ port: running.port, site }, message, { rejectUnauthorized: false });
}

test('a token is printed once, works at once, and ends when it is revoked', async (t) => {
  const running = await startReceiver(t);
  const printed = await run(running, ['token', 'web*'], { piggyback: ['vm*'] });
  assert.match(printed, /^[0-9a-f]{16}\.[\w-]{32}\n$/);
  assert.equal((await upload(running, printed)).status, 204);
  assert.equal((await upload(running, printed, 'db01')).status, 403);
  const listed = await run(running, ['list']);
  const [, id = ''] =
    /^upload token ([0-9a-f]{16}) for web\*, piggyback for vm\*, for ever\n$/.exec(listed) ?? [];
  assert.ok(!listed.includes(printed.trim()));
  assert.equal(
    await run(running, ['revoke', id]),
    `revoked upload token ${id} for web*, piggyback for vm*\n`,
  );
  assert.equal((await upload(running, printed)).status, 401);
  assert.equal(await run(running, ['list']), 'no hosts, requests, users, tokens or certificates\n');
});

test('a user may register hosts, once more with --json in sight, and is revoked', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = (await run(running, ['token', '*'], { user: ['admin'] })).trim();
  const credential = { user: 'admin', password };
  const { uuid } = await register(place, credential, 'web01');
  const json = await run(running, ['list'], { json: ['true'] });
  assertDocument('hosts list', json);
  const listed = JSON.parse(json);
  assert.deepEqual(
    listed.hosts.map((host: object) => ({ ...host, certificates: [], registeredAt: '' })),
    [
      {
        host: 'web01',
        uuid,
        mode: 'push-agent',
        certificates: [],
        piggyback: [],
        registeredAt: '',
        registeredBy: 'user admin',
        tookOver: null,
      },
    ],
  );
  assert.ok(!JSON.stringify(listed).includes('scrypt'));
  await expectFault(
    run(running, ['token', '*'], { user: ['admin'] }),
    'USAGE',
    /^there is a user "admin" already; revoke it first$/,
  );
  assert.equal(await run(running, ['revoke', 'admin']), 'revoked user admin for *\n');
  await assert.rejects(register(place, credential, 'web01'), { status: 401 });
});

test('a registration token registers as --mode says, and lasts a week', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const options = { registration: ['true'], mode: ['pull-agent'] };
  const token = (await run(running, ['token', 'web01', 'web02'], options)).trim();
  assert.match(token, /^0:[0-9a-f-]{36}$/);
  assert.match(
    await run(running, ['list']),
    /^registration token [0-9a-f]{12} for web01 web02, until \d{4}-/,
  );
  assert.equal((await register(place, { token }, 'web02')).mode, 'pull-agent');
});

test('who waits is listed, and allowed under another name or denied', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = (await run(running, ['token', '*'], { user: ['admin'] })).trim();
  const credential = { user: 'admin', password };
  const asked = await askForRegistration(place, credential, labels);
  const { uuid } = asked.keys;
  const [line = ''] = (await run(running, ['list'])).split('\n');
  assert.match(line, new RegExp(`^waiting web02 ${uuid} asked \\S+ by user admin from 127.0.0.1$`));
  assert.equal(
    await run(running, ['allow', 'web02'], { as: ['db02'] }),
    `allowed db02 ${uuid}; registered as soon as it asks again\n`,
  );
  assert.equal((await askProgress(asked)).status, 'Success');
  assert.match(await run(running, ['list']), /^registered db02 /);
  const other = await askForRegistration(place, credential, labels);
  assert.equal(
    await run(running, ['deny', 'web02'], { reason: ['no'] }),
    `declined web02 ${other.keys.uuid}\n`,
  );
  assert.deepEqual(await askProgress(other), { status: 'Declined', reason: 'no' });
});

test('a revoked host is out at once; a forgotten one may come back by itself', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = (await run(running, ['token', '*'], { user: ['admin'] })).trim();
  const connection = await register(place, { user: 'admin', password }, 'web01');
  const { uuid } = connection;
  await push(place, connection, goodOutput);
  assert.equal(
    await run(running, ['revoke', 'web01'], { forget: ['true'] }),
    `forgot web01 ${uuid}\n`,
  );
  await assert.rejects(push(place, connection, goodOutput), { status: 403 });
  assert.deepEqual(await readStatus(place, connection), { status: 'NotRegistered' });
  const again = await register(place, { user: 'admin', password }, 'web01');
  const said = await run(running, ['revoke', again.uuid]);
  assert.equal(
    said,
    `revoked web01 ${again.uuid}, 1 certificate\nstill there: user admin for *, which registers and writes for web01; \`cmk-courier hosts revoke admin\` ends that, for all others too\n`,
  );
  await assert.rejects(readStatus(place, again), { status: 400 });
  const { serialNumber } = new X509Certificate(again.cert);
  assert.ok(!(await run(running, ['list'])).includes(serialNumber));
});

test('a registered host may be allowed piggyback', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = (await run(running, ['token', '*'], { user: ['admin'] })).trim();
  const connection = await register(place, { user: 'admin', password }, 'esx');
  const output = Buffer.from('<<<check_mk>>>\n<<<<vm1>>>>\n<<<df>>>\n');
  await assert.rejects(push(place, connection, output), { status: 403 });
  await run(running, ['allow', 'esx'], { piggyback: ['vm*'] });
  await push(place, connection, output);
});

test('what cannot be is said', async (t) => {
  const running = await startReceiver(t);
  const cases: readonly (readonly [string[], RawOptions, RegExp])[] = [
    [[], {}, /^a verb is missing; there are list, allow, deny, token, certificate, revoke$/],
    [['lst'], {}, /^no verb "lst"; is list meant\?/],
    [['list', 'x'], {}, /^list takes no names$/],
    [['allow'], {}, /^a name is missing/],
    [['allow', 'x'], {}, /^no host "x" waits to be registered$/],
    [['allow', 'x', 'y'], { as: ['z'] }, /^--as goes with one name only$/],
    [['deny', 'x'], {}, /^no host "x" waits/],
    [
      ['certificate'],
      { renew: ['x'] },
      /^there is no certificate "x"; `cmk-courier hosts list` shows them$/,
    ],
    [
      ['certificate', 'web*'],
      { renew: ['x'] },
      /^--renew keeps name, hosts and piggyback; for others make another certificate, and revoke this one$/,
    ],
    [['certificate'], {}, /^a name is missing; /],
    [['revoke', 'x'], {}, /^there is no host, user, token or certificate "x"$/],
    [['token', 'a b'], {}, /^must be a host name or a pattern/],
    [['token', '*'], { user: ['a/b'] }, /^a user cannot be called "a\/b"$/],
    [['token', '*'], { user: ['a'], registration: ['true'] }, /exclude each other$/],
  ];
  for (const [operands, options, message] of cases) {
    await expectFault(run(running, operands, options), 'USAGE', message);
  }
  // Neither a site nor a home: nobody knows where the state is.
  await expectFault(hosts.run({ operands: ['list'], options: {} }, makeCommandContext()), 'USAGE');
});
