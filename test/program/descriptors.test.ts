/** Streams that are closed when the program starts, and too few descriptors. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bundle, courier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n';

/** A drop, and a shell in which `fetch` fetches from a source. */
async function makeShell(t: TestContext, program = courier) {
  const drop = join(await makeTempDir(t), 'drop');
  writeFileSync(drop, output);
  const run = (line: string) => {
    const fetch = `fetch() { '${program}' fetch --host=web01 "$@"; }`;
    const { stdout, stderr, status, signal } = spawnSync('sh', ['-c', `${fetch}; ${line}`], {
      encoding: 'utf8',
    });
    return { stdout, stderr, status, signal };
  };
  return { drop, run };
}

const closed =
  'writing to stdout: it is closed, or the null device opened for reading as well; to throw output away, >/dev/null';

for (const [name, program] of [
  ['executable', courier],
  ['bundle', bundle],
] as const) {
  test(`${name}: output that is lost is never a success`, async (t) => {
    const { drop, run } = await makeShell(t, program);
    assert.deepEqual(run(`fetch ${drop} >&-`), {
      stdout: '',
      stderr: `cmk-courier: fetch: ${closed} (LOCAL)\n`,
      status: 4,
      signal: null,
    });
    assert.equal(run(`fetch ${drop} >/dev/full`).status, 4);
    assert.equal(run(`fetch ${drop} 1<${drop}`).status, 4);
    assert.deepEqual(run(`fetch ${drop} >/dev/null`), {
      stdout: '',
      stderr: '',
      status: 0,
      signal: null,
    });
  });
}

test('closed stdin and stderr do no harm', async (t) => {
  const { drop, run } = await makeShell(t);
  assert.equal(run(`fetch ${drop} <&- 2>&-`).stdout, output);
  assert.equal(run(`fetch ${drop}.none 2>&-`).status, 9);
});

test('with hardly any descriptor left there is output or a fault, and nothing else', async (t) => {
  const { drop, run } = await makeShell(t);
  for (const source of [drop, `'exec:/bin/cat?arg=${drop}'`, 'ssh://127.0.0.1:9']) {
    for (const limit of [22, 24, 26, 28, 40]) {
      const line = `ulimit -n ${limit}; fetch --known-hosts=/dev/null ${source}`;
      const { stdout, stderr, status, signal } = run(
        source.startsWith('ssh') ? line : line.replace('--known-hosts=/dev/null', ''),
      );
      assert.equal(signal, null);
      if (status === 0) assert.equal(stdout, output);
      else assert.match(stderr, /^cmk-courier: \w+: web01: [^\n]* \((?:LOCAL|UNREACHABLE)\)\n$/);
    }
  }
});

test('a program that cannot be started for want of descriptors is LOCAL', async (t) => {
  const { drop, run } = await makeShell(t);
  const { stderr, status } = run(`ulimit -n 24; fetch 'exec:/bin/cat?arg=${drop}'`);
  assert.equal(
    stderr,
    'cmk-courier: exec: web01: starting /bin/cat: too many open files (LOCAL)\n',
  );
  assert.equal(status, 4);
});
