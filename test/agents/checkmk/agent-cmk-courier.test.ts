/** The stub that the rule runs: finds the program and becomes it, or says what to install. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTempDir } from '../../helpers/temp-dir.ts';

/** What `sh` is where a site may run. */
const shells = ['/bin/dash', '/bin/bash', '/bin/busybox'].filter(existsSync);

interface Site {
  readonly root: string;
  readonly run: (...args: readonly string[]) => readonly [number | null, string, string];
  /** A program that says which it is and what it was given. */
  readonly install: (path: string, text?: string) => void;
}

async function makeSite(
  t: TestContext,
  shell: string,
  program = 'agent_cmk_courier',
): Promise<Site> {
  const root = await makeTempDir(t);
  const libexec = join(root, 'family/libexec');
  for (const folder of [libexec, join(root, 'local/bin'), join(root, 'bin')]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const name of ['agent_cmk_courier', program]) {
    copyFileSync(`agents/checkmk/cmk_courier/libexec/${name}`, join(libexec, name));
  }
  const stub = join(libexec, program);
  const first = shell.endsWith('busybox') ? ['sh', stub] : [stub];
  return {
    root,
    run(...args) {
      const env = { OMD_ROOT: root, PATH: join(root, 'bin') };
      const { status, stdout, stderr } = spawnSync(shell, [...first, ...args], {
        env,
        encoding: 'utf8',
      });
      return [status, stdout, stderr];
    },
    install(path, text = '#!/bin/sh\necho "$0" "$@"\n') {
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), 0o755);
    },
  };
}

for (const shell of shells) {
  test(`${shell}: the program of the site comes before that of the family, and both before PATH`, async (t) => {
    const { root, run, install } = await makeSite(t, shell);
    const args = ['fetch', '--host=web01', '--or', 'https://a/{host}?x=1&y=*'];
    for (const place of ['bin', 'family/libexec', 'local/bin']) {
      install(`${place}/cmk-courier`);
      assert.deepEqual(run(...args), [0, `${root}/${place}/cmk-courier ${args.join(' ')}\n`, '']);
    }
  });

  test(`${shell}: the program for the rule of a special agent goes on as that for sources`, async (t) => {
    const { root, run, install } = await makeSite(t, shell, 'agent_cmk_courier_vsphere');
    const args = ['agent', 'vsphere', '--host=web01', '--user=a b', '--secret-id', 'x:/y z'];
    const [code, , errors] = run(...args);
    assert.equal(code, 4);
    assert.match(errors, /^cmk-courier: agent: web01: cmk-courier is not installed: .*\n$/);
    for (const place of ['family/libexec', 'local/bin']) {
      install(`${place}/cmk-courier`);
      assert.deepEqual(run(...args), [0, `${root}/${place}/cmk-courier ${args.join(' ')}\n`, '']);
    }
  });

  test(`${shell}: what lies ready is printed by the script for it, and fetched where that is missing`, async (t) => {
    const { root, run, install } = await makeSite(t, shell);
    install('local/bin/cmk-courier');
    const args = ['web01', '--address=192.0.2.7'];
    assert.deepEqual(run('ready', ...args), [
      0,
      `${root}/local/bin/cmk-courier fetch --host=web01 --address=192.0.2.7\n`,
      '',
    ]);
    install('bin/cmk-courier-ready');
    assert.deepEqual(run('ready', ...args), [
      0,
      `${root}/bin/cmk-courier-ready ${args.join(' ')}\n`,
      '',
    ]);
  });

  test(`${shell}: without the program, one line says what to install, and the code is that of LOCAL`, async (t) => {
    const { run } = await makeSite(t, shell);
    const line =
      'cmk-courier: agent: web01: cmk-courier is not installed: enable the package cmk_courier_program, or put the program into ~/local/bin (LOCAL)\n';
    assert.deepEqual(run('fetch', '--host=web01'), [4, '', line]);
    assert.deepEqual(run('ready', 'web01'), [4, '', line]);
    const none = line.replace('web01', 'no host name');
    assert.deepEqual(run('fetch', '--host=web\u001b[31m\n01'), [4, '', none]);
  });

  test(`${shell}: a program that cannot be run is LOCAL as well, never 126 or 127`, async (t) => {
    const { root, run, install } = await makeSite(t, shell);
    install('local/bin/cmk-courier', '#!/nonexistent/interpreter\n');
    const [code, output, errors] = run('fetch', '--host=web01');
    assert.deepEqual([code, output], [4, '']);
    const own = errors.split('\n').filter((line) => line.startsWith('cmk-courier: '));
    assert.deepEqual(own, [
      `cmk-courier: agent: web01: starting ${root}/local/bin/cmk-courier: it cannot be run (LOCAL)`,
    ]);
  });
}
