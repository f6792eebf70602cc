/** `doctor ports --listen` and `--to`, before anything is installed behind a firewall. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeTempDir } from '../helpers/temp-dir.ts';

const program = fileURLToPath(new URL('../../src/bin.ts', import.meta.url));
const canUnshare = spawnSync('unshare', ['-n', 'ip', 'link'], { stdio: 'ignore' }).status === 0;
const skip = canUnshare ? false : 'needs root and iproute2';

/** In a network of its own, where every port is free: with who listens, and without. */
const script = `
ip link set lo up
"$0" "$1" doctor ports --role=host --listen 2>/dev/null | while IFS= read -r line; do
  echo "$line"
  case $line in 161/udp*) : >listening ;; esac
done &
until [ -e listening ]; do sleep 0.1; done
"$0" "$1" doctor ports --role=host --to=127.0.0.1
echo "code $?"
pkill -P $$ -f 'ports --role=host --listen'
wait
"$0" "$1" doctor ports --role=host --to=127.0.0.1
`;

test('what listens is found from the other end, and gone afterwards', { skip }, async (t) => {
  const cwd = await makeTempDir(t);
  const { stdout } = spawnSync('unshare', ['-n', 'sh', '-c', script, process.execPath, program], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const words = stdout.split('\n').map((line) => line.replace(/ +/g, ' ').trim());
  assert.deepEqual(words, [
    '6556/tcp answers on 127.0.0.1',
    '161/udp answers on 127.0.0.1',
    '6556/tcp agent, from site answers',
    '161/udp SNMP, from site answers (optional)',
    '28250/tcp agent of Windows, from host cannot tell (optional)',
    'code 0',
    '6556/tcp agent, from site refused',
    '161/udp SNMP, from site refused (optional)',
    '28250/tcp agent of Windows, from host cannot tell (optional)',
    '',
  ]);
});
