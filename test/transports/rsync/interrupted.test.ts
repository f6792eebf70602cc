import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { start } from '../../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../../helpers/run-script.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { assertNoLeftovers } from './leftovers.ts';

/** Fetches from a daemon that never answers, the way the program does. */
function toScript(port: number): string {
  return `
    import { systemClock } from ${sourceUrl('clock.ts')};
    import { listenForShutdown, dieBySignal } from ${sourceUrl('system/shutdown.ts')};
    import { parseSourceUri } from ${sourceUrl('transports/source.ts')};
    import { rsync } from ${sourceUrl('transports/rsync/rsync.ts')};
    const { signal, received } = listenForShutdown();
    const log = { debug() {}, info() {}, warn() {}, child: () => log };
    const context = { log, signal, maxOutputBytes: 1000, clock: systemClock, env: process.env };
    const uri = parseSourceUri('rsync://127.0.0.1:${port}/drops/x');
    const transport = await rsync.open({ uri, options: {} }, context);
    await transport.fetch({ host: 'web01', address: undefined }, signal).catch(() => undefined);
    dieBySignal(received());
  `;
}

test('a signal ends rsync and takes the private directory along', {
  skip: skipWithout('rsync'),
}, async (t) => {
  const directory = await makeTempDir(t);
  const env = { PATH: process.env['PATH'], TMPDIR: directory };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const silent = await startHostileServer(() => undefined, { speaksFirst: true });
    const { pid, ended } = start(process.execPath, scriptArguments(toScript(silent.port)), { env });
    await waitUntil(() => silent.countConnections() > 0);
    assert.equal((await readdir(directory)).length, 1);
    process.kill(pid, name);
    const { signal, stderr } = await ended;
    assert.deepEqual([signal, stderr], [name, '']);
    await waitUntil(() => silent.countConnections() === 0);
    assert.deepEqual(await readdir(directory), []);
    await assertNoLeftovers();
    await silent.close();
  }
});
