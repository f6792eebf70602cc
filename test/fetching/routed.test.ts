import assert from 'node:assert/strict';
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<df>>>\nroot 1\n';

/** A site with a routes file, and what `cmk-courier fetch` does in it. */
async function makeSite(t: TestContext, yaml: string) {
  const root = await makeTempDir(t);
  const routes = join(root, 'routes.yaml');
  writeFileSync(routes, yaml.replaceAll('ROOT', root));
  const fetch = async (...args: readonly string[]) => {
    const context = { ...makeCommandContext(), clock: systemClock, env: { OMD_ROOT: root } };
    const code = await main(['fetch', ...args, `--routes=${routes}`], context);
    const { output: stdout, errors } = context.said;
    return { code, stdout, errors: errors.replaceAll(root, 'ROOT') };
  };
  const drop = (text = output, ageMs = 0) => {
    const path = join(root, 'web01');
    writeFileSync(path, text);
    const at = (Date.now() - ageMs) / 1000;
    utimesSync(path, at, at);
    return path;
  };
  const asked = () => readFileSync(join(root, 'tmp/cmk-courier/asked/web01'), 'utf8');
  return { root, fetch, drop, asked };
}

test('without a source the route of the host says where from, and under which rules', async (t) => {
  const { fetch, drop } = await makeSite(
    t,
    "routes: [{ hosts: 'web*', sources: ['ROOT/none', 'ROOT/{host}'], sections: '!df' }]",
  );
  drop();
  const { code, stdout } = await fetch('--host=web01');
  assert.deepEqual([code, stdout], [0, '<<<check_mk>>>\nVersion: 2.4.0\n']);
});

test('a host no route fits is told to whom it concerns', async (t) => {
  const { fetch } = await makeSite(t, "routes: [{ hosts: 'web*', sources: 'ROOT/{host}' }]");
  assert.deepEqual(await fetch('--host=db01'), {
    code: 3,
    stdout: '',
    errors:
      'cmk-courier: fetch: ROOT/routes.yaml: no route fits "db01"; `cmk-courier routes explain db01` shows why (CONFIG)\n',
  });
});

test('tags choose the route, however they are separated', async (t) => {
  const { fetch, drop } = await makeSite(
    t,
    `routes:
  - { hosts: '*', tags: [dropped, '!offline'], sources: 'ROOT/{host}' }
  - { hosts: '*', sources: ROOT/none }
`,
  );
  drop();
  assert.equal((await fetch('--host=web01', '--tags=/wato/ dropped  prod')).code, 0);
  assert.equal((await fetch('--host=web01', '--tags=a,dropped', '--tags=b')).code, 0);
  assert.equal((await fetch('--host=web01', '--tags=dropped offline')).code, 9);
  assert.equal((await fetch('--host=web01')).code, 9);
});

test('options that a route has of its own are refused beside it', async (t) => {
  const { fetch } = await makeSite(t, "routes: [{ hosts: '*', sources: 'ROOT/{host}' }]");
  const { code, errors } = await fetch('--host=web01', '--max-age=5m');
  assert.equal(code, 2);
  assert.match(
    errors,
    /--max-age needs a SOURCE, such as .*; a route has its own rules \(USAGE\)\n$/,
  );
  const other = await fetch('--host=web01', '/drops/{host}');
  assert.match(other.errors, /--routes is for routes, which a SOURCE stands in for \(USAGE\)\n$/);
});

test('for a route with an interval the collector learns that the site asks', async (t) => {
  const { fetch, drop, asked } = await makeSite(
    t,
    `routes:
  - { hosts: '*', tags: collected, sources: 'ROOT/{host}', every: 1m }
  - { hosts: '*', sources: 'ROOT/{host}' }
`,
  );
  const path = drop();
  assert.equal((await fetch('--host=web01', '--address=192.0.2.7')).code, 0);
  assert.throws(asked, { code: 'ENOENT' });
  assert.equal((await fetch('--host=web01', '--address=192.0.2.7', '--tags=collected')).code, 0);
  assert.equal(asked(), '192.0.2.7 collected\n');
  // Also when there is nothing at the moment.
  rmSync(path);
  assert.equal((await fetch('--host=web01', '--address=192.0.2.8', '--tags=collected')).code, 9);
  assert.equal(asked(), '192.0.2.8 collected\n');
});

const graced = "routes: [{ hosts: '*', sources: 'ROOT/{host}', grace: 30m, maxAge: 5m }]";

test('with grace the last good output stands in, for as long as it is young enough', async (t) => {
  const { root, fetch, drop } = await makeSite(t, graced);
  const path = drop(output, 200_000);
  assert.deepEqual(await fetch('--host=web01'), { code: 0, stdout: output, errors: '' });
  rmSync(path);
  const { code, stdout } = await fetch('--host=web01');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^<<<local:sep\(0\)>>>\n1 "Agent courier" age=20\d.* output is 3m2\ds old, /,
  );
  assert.match(stdout, /<<<df:cached\(\d+,300\)>>>\nroot 1\n$/);
  drop(`<html>\n${output}`);
  assert.equal((await fetch('--host=web01')).code, 0);
  rmSync(join(root, 'var/cmk-courier/spool'), { recursive: true });
  assert.equal((await fetch('--host=web01')).code, 12);
});

test('without grace nothing is kept and nothing stands in', async (t) => {
  const { root, fetch, drop } = await makeSite(t, graced.replace('30m', '0s'));
  const path = drop();
  assert.equal((await fetch('--host=web01')).code, 0);
  assert.throws(() => readFileSync(join(root, 'var/cmk-courier/spool')), { code: 'ENOENT' });
  rmSync(path);
  const { code, stdout } = await fetch('--host=web01');
  assert.deepEqual([code, stdout], [9, '']);
});

test('output that cannot be kept goes out all the same', async (t) => {
  const { root, fetch, drop } = await makeSite(t, graced);
  drop();
  writeFileSync(join(root, 'var'), 'no directory');
  const { code, stdout } = await fetch('--host=web01');
  assert.deepEqual([code, stdout], [0, output]);
});
