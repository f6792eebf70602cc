/** Root in a site: what it would leave there nobody else could read. */

import assert from 'node:assert/strict';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { requireOwner } from '../../src/system/site-user.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const skip = process.geteuid?.() === 0 ? false : 'only root can give a directory away';
const uid = 54_321;

async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { said, ...context } = makeCommandContext();
  const code = await main(args, { ...context, env, clock: systemClock });
  return { code, ...said };
}

test('every command that leaves files in a site is refused to root, and leaves none', {
  skip,
}, async (t) => {
  const root = await makeTempDir(t);
  await chown(root, uid, uid);
  const env = { OMD_ROOT: root, OMD_SITE: 'mysite', HOME: '/root' };
  const lines = [
    ['hosts', 'list'],
    ['hosts', 'token', 'web01'],
    ['certs', 'init', '--site=mysite'],
    ['routes', 'init'],
    ['service', 'install', '--program=/bin/true'],
    ['service', 'uninstall'],
    ['ssh-trust', 'web01'],
    ['collect'],
    ['receive'],
  ];
  for (const line of lines) {
    assert.deepEqual(await run(line, env), {
      code: 2,
      output: '',
      errors: `cmk-courier: ${line[0]}: ${root} belongs to user ${uid}, and files that root makes there would be no use to it; do this as that user (USAGE)\n`,
    });
  }
  assert.deepEqual(await readdir(root), []);
});

test('a directory of another user is noticed without a site, too, also where it would be made', {
  skip,
}, async (t) => {
  const directory = await makeTempDir(t);
  const state = join(directory, 'site', 'var', 'receiver');
  await mkdir(join(directory, 'site'));
  await chown(join(directory, 'site'), uid, uid);
  const { code, errors } = await run(['hosts', `--state=${state}`, 'list'], {});
  assert.equal(code, 2);
  assert.match(errors, new RegExp(`^cmk-courier: hosts: ${state} belongs to user ${uid}, `));
  assert.equal((await run(['hosts', `--state=${join(directory, 'own')}`, 'list'], {})).code, 0);
});

test('what only reads is not refused, and a user of the machine is called by name', {
  skip,
}, async (t) => {
  const root = await makeTempDir(t);
  await chown(root, uid, uid);
  const env = { OMD_ROOT: root, OMD_SITE: 'mysite' };
  assert.equal((await run(['routes', 'schema'], env)).code, 0);
  assert.notEqual((await run(['certs', 'show'], env)).code, 2);
  await chown(root, 1, 1);
  assert.throws(() => requireOwner([join(root, 'x')]), {
    code: 'USAGE',
    message: `${join(root, 'x')} belongs to daemon, and files that root makes there would be no use to it; do this as that user: su - daemon`,
  });
});
