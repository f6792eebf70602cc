import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startDaemon } from '../helpers/daemon.ts';
import { natsProgram, skipWithoutNats } from '../peers/nats-program.ts';
import { runBroker, writeConfiguration } from './nats-configuration.ts';

/** A server with the accounts of two sites, put together as the page says. */
async function startTwoSites(t: TestContext) {
  const { directory, ca, port, file } = await writeConfiguration(t);
  const second = await runBroker('init', '--site=other', '--account=OTHER');
  const accounts = second.output.split('\naccounts {\n')[1]?.replace(/\}\n$/, '') ?? '';
  const first = await readFile(file, 'utf8');
  await writeFile(file, first.replace('\naccounts {\n', `\naccounts {\n${accounts}`));
  const names = [...second.output.matchAll(/\$(OTHER_\w+)/g)].map(([, name]) => name);
  const passwords = names.map((name) => `\n${name}: "secret of the other"`);
  await appendFile(join(directory, 'courier-passwords.conf'), passwords.join(''));
  await writeFile(join(directory, 'other'), 'secret of the other\n', { mode: 0o600 });
  const daemon = await startDaemon(natsProgram(), ['-c', file], { port });
  t.after(() => daemon.stop());
  const login = (user: string, password = user) => [
    ...[`--user=${user}`, `--password-file=${join(directory, password)}`, `--ca=${ca}`],
  ];
  return { url: `nats://127.0.0.1:${port}`, login };
}

test('two sites share servers: each has its account, its stream and its users', {
  skip: skipWithoutNats(),
}, async (t) => {
  const { url, login } = await startTwoSites(t);
  const made = 'stream COURIER made: courier.>, 1 replica, for 7d\n';
  for (const admin of [login('admin'), login('other-admin', 'other')]) {
    assert.equal((await runBroker('init', url, '--replicas=1', ...admin)).output, made);
  }
  const asOther = (...args: readonly string[]) =>
    runBroker('show', url, 'web01', ...args, ...login('other-site', 'other'));
  const none = 'cmk-courier: broker: the stream COURIER has nothing of web01 (NO_OUTPUT)\n';
  assert.equal((await asOther('--site=other')).errors, none);
  assert.match((await asOther('--site=mysite')).errors, /does not allow it.*\(REFUSED\)\n$/);
});

test('a stream whose subjects another one has is told with what to do', {
  skip: skipWithoutNats(),
}, async (t) => {
  const { url, login } = await startTwoSites(t);
  const init = (...args: readonly string[]) =>
    runBroker('init', url, '--replicas=1', ...login('admin'), ...args);
  await init();
  const { errors } = await init('--site=b', '--stream=COURIER_b', '--own-subjects');
  assert.match(
    errors,
    /"subjects overlap with an existing stream"; another stream has some of courier\.b\.>: each with --own-subjects, or an account each \(--account\) \(PEER\)\n$/,
  );
});

test('an account is called so that users can be called after it', async () => {
  const { errors } = await runBroker('init', '--site=a', '--account=a b');
  const words = 'must be a letter, and up to 31 letters, digits and _, not "a b"';
  assert.equal(errors, `cmk-courier: broker: --account ${words} (USAGE)\n`);
  const { output } = await runBroker('init', '--site=a', '--account=Site_A');
  assert.match(output, /\n {8}user: site-a-collector\n {8}password: \$SITE_A_COLLECTOR_PASSWORD\n/);
});
