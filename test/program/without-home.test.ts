/** Where nothing says where things are, the line names the option that does. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { runCourier } from '../helpers/run-program.ts';

const routes = '/etc/cmk-courier/routes.yaml';
const neither = 'neither OMD_ROOT nor HOME is set';

const lines: readonly (readonly [args: readonly string[], line: string])[] = [
  [
    ['collect'],
    'cmk-courier: collect: --ready is missing: neither OMD_ROOT nor XDG_RUNTIME_DIR is set (USAGE)',
  ],
  [['collect', '--ready=/nowhere'], `cmk-courier: collect: --spool is missing: ${neither} (USAGE)`],
  [['receive', '--site=x'], `cmk-courier: receive: --certificates is missing: ${neither} (USAGE)`],
  [
    ['receive', '--site=x', '--certificates=/c', '--spool=/s'],
    `cmk-courier: receive: --state is missing: ${neither} (USAGE)`,
  ],
  [['certs', 'show'], `cmk-courier: certs: --dir is missing: ${neither} (USAGE)`],
  [['hosts', 'list'], `cmk-courier: hosts: --state is missing: ${neither} (USAGE)`],
  [
    ['fetch', '--host=a', 'ssh://127.0.0.1:9'],
    `cmk-courier: ssh: a: --known-hosts is missing: ${neither} (USAGE)`,
  ],
  [
    ['fetch', '--host=a', 'spool:'],
    `cmk-courier: spool: a: a directory, as in spool:/DIR, is missing: ${neither} (USAGE)`,
  ],
];

for (const [args, line] of lines) {
  test(`without HOME: ${args.join(' ')}`, async () => {
    const { stderr, code } = await runCourier(args, { env: { PATH: process.env['PATH'] } });
    assert.deepEqual([stderr, code], [`${line}\n`, 2]);
  });
}

test('fetch with neither a SOURCE nor routes asks for either', {
  skip: existsSync(routes),
}, async () => {
  const env = { PATH: process.env['PATH'] };
  const { stderr, code } = await runCourier(['fetch', '--host=a'], { env });
  const missing = `${routes}: there is no such file; \`cmk-courier routes init\` makes one in /etc/cmk-courier`;
  const line = `cmk-courier: fetch: no SOURCE is given, such as https://depot/{host}, and no routes: ${missing} (CONFIG)`;
  assert.deepEqual([stderr, code], [`${line}\n`, 3]);
});
