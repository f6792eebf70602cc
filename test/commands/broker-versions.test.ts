import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { skipWithout } from '../helpers/required-peer.ts';
import { buildNewestNats } from '../peers/nats-program.ts';
import { rewriteConfiguration, runBroker, writeConfiguration } from './nats-configuration.ts';

const newest = buildNewestNats();
const written = await writeConfiguration({ after });

/** What a server says of the configuration that is printed for a version. */
async function judge(program: string, ...args: readonly string[]): Promise<string> {
  await rewriteConfiguration(written, ...args);
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };
  const options = { env, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(program, ['-t', '-c', written.file], options);
  return status === 0 ? 'good' : stderr;
}

test('nats-server 2.9 takes the configuration without a version and for its own', {
  skip: skipWithout('nats-server'),
}, async () => {
  assert.equal(await judge('nats-server'), 'good');
  assert.equal(await judge('nats-server', '--server-version=2.9.10'), 'good');
});

test('the newest nats-server takes the configuration for any version', {
  skip: 'missing' in newest && newest.missing,
}, async () => {
  const program = 'path' in newest ? newest.path : '';
  assert.equal(await judge(program), 'good');
  assert.equal(await judge(program, '--server-version=2.9'), 'good');
  assert.equal(await judge(program, '--server-version=2.15.3'), 'good');
});

test('sync_interval is printed for servers that know it, and is a comment otherwise', async () => {
  const lineOf = async (...args: readonly string[]) => {
    const { output } = await runBroker('init', '--site=mysite', ...args);
    return output.split('\n').filter((line) => /sync_interval: /.test(line));
  };
  assert.deepEqual(await lineOf(), ['  # sync_interval: 1s']);
  assert.deepEqual(await lineOf('--server-version=2.9.10'), []);
  assert.deepEqual(await lineOf('--server-version=2.10'), ['  sync_interval: 1s']);
  assert.deepEqual(await lineOf('--server-version=nats-server: v2.15.3'), ['  sync_interval: 1s']);
  assert.deepEqual(await lineOf('--server-version=3.0.0-beta'), ['  sync_interval: 1s']);
  const line = (why: string) => `cmk-courier: broker: --server-version must be ${why} (USAGE)\n`;
  const refuse = async (version: string) =>
    (await runBroker('init', '--site=mysite', `--server-version=${version}`)).errors;
  assert.equal(await refuse('new'), line('a version such as 2.10, not "new"'));
  assert.equal(await refuse('2.8.4'), line('2.9 or newer, not "2.8.4"'));
});
