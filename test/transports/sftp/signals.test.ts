import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../../helpers/run-script.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { sshTest, useSshd } from '../../peers/sshd.ts';
import { toSftpSource } from './sources.ts';

const silent = useSshd({ sftp: '/bin/sleep 600' });

/** Programs anywhere on this machine that have a text in their arguments. */
async function findPrograms(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => /^(sftp|\S*ssh)\0/.test(line) && line.includes(text));
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  sshTest(`${signal} leaves no child and no private directory`, async (t) => {
    const parent = await makeTempDir(t);
    const source = JSON.stringify(toSftpSource(silent(), '/x'));
    const lines = `
      const { sftp } = await import(${sourceUrl('transports/sftp/sftp.ts')});
      const { dieBySignal, listenForShutdown } = await import(${sourceUrl('system/shutdown.ts')});
      const shutdown = listenForShutdown();
      const env = { TMPDIR: ${JSON.stringify(parent)} };
      const transport = await sftp.open(${source}, { maxOutputBytes: 1000, env });
      await transport.fetch({ host: 'web01' }, shutdown.signal).catch(() => undefined);
      dieBySignal(shutdown.received());`;
    const running = start(process.execPath, scriptArguments(lines));
    while ((await readdir(parent)).length === 0) await sleep(10);
    while ((await findPrograms(silent().knownHosts)).length < 2) await sleep(10);
    process.kill(running.pid, signal);
    assert.equal((await running.ended).signal, signal);
    assert.deepEqual(await readdir(parent), []);
    await assertSoonEmpty('a child is left', () => findPrograms(silent().knownHosts));
  });
}
