import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { CourierError } from '../../../src/faults/errors.ts';
import { endConnection } from '../../../src/openssh/multiplexing.ts';
import { ssh } from '../../../src/transports/ssh/ssh.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { toTarget } from '../../conformance/fetching.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { start } from '../../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../../helpers/run-script.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { type Sshd, sshTest, useSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from './leftovers.ts';
import { fetchOnce, runOn, toSshSource } from './sources.ts';

const sshd = useSshd();
afterEach(assertNoLeftovers);

const kept = { multiplex: ['60s'] };

/** Lends an environment whose control sockets are in a directory of its own; ends the masters. */
async function withSockets(
  use: (env: Record<string, string>, directory: string) => Promise<void>,
): Promise<void> {
  const root = await makeTempDir();
  const directory = join(root, 'cmk-courier/ssh');
  try {
    await use({ XDG_RUNTIME_DIR: root }, directory);
  } finally {
    for (const name of await readdir(directory).catch(() => [])) {
      await start('ssh', ['-O', 'exit', '-S', join(directory, name), 'x']).ended;
    }
    // A master says that it goes before it has put its socket away.
    await assertSoonEmpty('a control socket is left', () => readdir(directory).catch(() => []));
    await start('rm', ['-r', root]).ended;
  }
}

async function isMasterAlive(directory: string): Promise<boolean> {
  return (await findMaster(directory)) !== undefined;
}

/** The process that keeps the only connection there is. */
async function findMaster(directory: string): Promise<number | undefined> {
  const [name] = await readdir(directory);
  if (name === undefined) return undefined;
  const { stderr } = await start('ssh', ['-O', 'check', '-S', join(directory, name), 'x']).ended;
  const [, pid] = /^Master running \(pid=(\d+)\)/.exec(stderr) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

function countLogins(peer: Sshd): number {
  return [...peer.said().matchAll(/Accepted publickey/g)].length;
}

sshTest('without --multiplex no connection is kept', async () =>
  withSockets(async (env, directory) => {
    await fetchOnce(ssh, toSshSource(sshd(), 'echo hi'), env);
    await assert.rejects(readdir(directory));
  }),
);

sshTest('with it one login serves several fetches', async () =>
  withSockets(async (env, directory) => {
    const before = countLogins(sshd());
    for (const word of ['one', 'two', 'three']) {
      const { output } = await fetchOnce(ssh, toSshSource(sshd(), `echo ${word}`, kept), env);
      assert.equal(output.toString(), `${word}\n`);
    }
    assert.equal(countLogins(sshd()) - before, 1);
    assert.equal(await isMasterAlive(directory), true);
  }),
);

sshTest('whoever reads both pipes to their ends does not wait for the master', async () =>
  withSockets(async (env, directory) => {
    const source = toSshSource(sshd(), 'echo "<<<check_mk>>>"; echo noise >&2', kept);
    const lines = `
      const { ssh } = await import(${sourceUrl('transports/ssh/ssh.ts')});
      const context = { log: { debug() {} }, maxOutputBytes: 1000, env: ${JSON.stringify(env)} };
      const { uri, options } = ${JSON.stringify(source)};
      const transport = await ssh.open({ uri, options }, context);
      const { output } = await transport.fetch({ host: 'web01' }, new AbortController().signal);
      process.stdout.write(output);`;
    const running = start('/bin/sh', [
      '-c',
      'exec "$0" "$@"',
      process.execPath,
      ...scriptArguments(lines),
    ]);
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stdout.toString(), stderr], [0, '<<<check_mk>>>\n', '']);
    assert.equal(await isMasterAlive(directory), true);
  }),
);

sshTest('a wrong key does not get in through a connection made with the right one', async () =>
  withSockets(async (env) => {
    await fetchOnce(ssh, toSshSource(sshd(), 'true', kept), env);
    const wrong = { ...kept, sshKey: [sshd().wrongKey] };
    await expectFault(fetchOnce(ssh, toSshSource(sshd(), 'true', wrong), env), 'REFUSED');
  }),
);

sshTest('exit codes are told apart through a kept connection too', async () =>
  withSockets(async (env) => {
    const failing = (command: string) => fetchOnce(ssh, toSshSource(sshd(), command, kept), env);
    await failing('true');
    await expectFault(failing('no-such-agent'), 'NO_OUTPUT', /exit code 127/);
    await expectFault(failing('exit 3'), 'PEER', /: exit code 3$/);
    await expectFault(failing('kill -9 $$'), 'PEER', /: it was ended by a signal there, or /);
    await expectFault(failing('kill -9 $PPID'), 'UNREACHABLE', /: the connection was lost$/);
  }),
);

sshTest('a master that was killed is replaced', async () =>
  withSockets(async (env, directory) => {
    await fetchOnce(ssh, toSshSource(sshd(), 'true', kept), env);
    process.kill((await findMaster(directory)) ?? 0, 'SIGKILL');
    const { output } = await fetchOnce(ssh, toSshSource(sshd(), 'echo back', kept), env);
    assert.equal(output.toString(), 'back\n');
    assert.equal(await isMasterAlive(directory), true);
  }),
);

sshTest('what hangs ends with its connection, and the next fetch makes another', async () =>
  withSockets(async (env, directory) => {
    const mark = join(sshd().directory, 'hanging');
    const { uri, options } = toSshSource(sshd(), `touch ${mark}; exec sleep 600`, kept);
    const late = new CourierError('TIMEOUT', 'too late');
    const over = new AbortController();
    const context = makeOpenContext({ env });
    const fetched = withTransport(ssh, { uri, options }, context, (transport) =>
      transport.fetch(toTarget('web01'), over.signal),
    );
    await waitUntil(() => existsSync(mark));
    const before = await findMaster(directory);
    over.abort(late);
    assert.equal(await catchFault(fetched), late);
    await assertSoonEmpty('the connection is kept', () => readdir(directory));
    await fetchOnce(ssh, toSshSource(sshd(), 'true', kept), env);
    assert.notEqual(await findMaster(directory), before);
  }),
);

sshTest('what hangs does not take along what others fetch over its connection', async () =>
  withSockets(async (env, directory) => {
    const file = (name: string) => join(sshd().directory, name);
    const command = [
      `touch ${file('begun-{host}')}`,
      'test {host} = web01 && exec sleep 600',
      `while test ! -e ${file('go-{host}')}; do sleep 0.05; done; echo {host}`,
    ];
    const source = toSshSource(sshd(), command.join('; '), kept);
    const late = new CourierError('TIMEOUT', 'too late');
    const over = new AbortController();
    await fetchOnce(ssh, toSshSource(sshd(), 'true', kept), env);
    const first = await findMaster(directory);
    await withTransport(ssh, source, makeOpenContext({ env }), async (transport) => {
      const hanging = transport.fetch(toTarget('web01'), over.signal);
      const other = transport.fetch(toTarget('web02'), new AbortController().signal);
      await waitUntil(() => ['web01', 'web02'].every((host) => existsSync(file(`begun-${host}`))));
      over.abort(late);
      assert.equal(await catchFault(hanging), late);
      await writeFile(file('go-web03'), '');
      const third = await transport.fetch(toTarget('web03'), new AbortController().signal);
      assert.equal(third.output.toString(), 'web03\n');
      assert.equal((await readdir(directory)).length, 2, 'the third came over another connection');
      await writeFile(file('go-web02'), '');
      assert.equal((await other).output.toString(), 'web02\n');
    });
    await waitUntil(() => !isProcess(first));
    assert.equal((await readdir(directory)).length, 1);
  }),
);

function isProcess(pid: number | undefined): boolean {
  const state = /\) (\w)/.exec(readFileOr(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== 'Z';
}

function readFileOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

sshTest(
  'ending a connection that is not there, or that does not answer, takes no time',
  async (t) => {
    const directory = await makeTempDir(t);
    await endConnection(join(directory, 'none'));
    const silent = createServer(() => undefined).listen(join(directory, 'silent'));
    t.after(() => silent.close());
    await once(silent, 'listening');
    await endConnection(join(directory, 'silent'));
  },
);

sshTest('a directory for sockets that others may enter is REFUSED', async (t) => {
  const root = await makeTempDir(t);
  await mkdir(join(root, 'cmk-courier/ssh'), { recursive: true });
  await chmod(join(root, 'cmk-courier/ssh'), 0o755);
  const fetched = fetchOnce(ssh, toSshSource(sshd(), 'true', kept), { XDG_RUNTIME_DIR: root });
  await expectFault(fetched, 'REFUSED', /keeping control sockets in /);
});

sshTest('a link in place of the directory is REFUSED', async (t) => {
  const root = await makeTempDir(t);
  await mkdir(join(root, 'cmk-courier'));
  await mkdir(join(root, 'elsewhere'), { mode: 0o700 });
  await symlink(join(root, 'elsewhere'), join(root, 'cmk-courier/ssh'));
  const fetched = fetchOnce(ssh, toSshSource(sshd(), 'true', kept), { XDG_RUNTIME_DIR: root });
  await expectFault(fetched, 'REFUSED');
});

sshTest('it does not go together with a proxy jump', async () => {
  const options = { ...kept, proxyJump: ['127.0.0.1'] };
  await expectFault(runOn(sshd(), 'true', options), 'USAGE', /--multiplex does not work together/);
});
