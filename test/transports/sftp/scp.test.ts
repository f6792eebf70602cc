import assert from 'node:assert/strict';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { neverAborts, toTarget } from '../../conformance/fetching.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { type Dropbear, startDropbear } from '../../peers/dropbear.ts';
import { startSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from '../ssh/leftovers.ts';
import { fetchOnce } from '../ssh/sources.ts';
import { skipScp, startScripted, toScpSource } from './scp-conformance-peer.ts';
import { toSftpSource } from './sources.ts';

const sections = '<<<check_mk>>>\nVersion: 2.4.0\n';
let dropbear: Dropbear;
before(async () => {
  if (!skipScp) dropbear = await startDropbear();
});
after(() => dropbear?.close());
afterEach(assertNoLeftovers);

function scpTest(name: string, run: () => Promise<void>): void {
  test(name, { skip: skipScp, timeout: 120_000 }, run);
}

async function drop(name: string, text = sections): Promise<string> {
  const path = join(dropbear.directory, name);
  await writeFile(path, text);
  return path;
}

/** What is fetched from an sshd that runs a script in place of scp. */
async function fetchScripted(script: string) {
  const peer = await startScripted(script);
  try {
    return await fetchOnce(sftp, toScpSource(peer, '/x'));
  } finally {
    await peer.close();
  }
}

scpTest('a file comes with its time from a host without sftp, whatever its name', async () => {
  for (const name of ['a b', "it's", '$(touch x)', '-p', 'ü', '"', '*', '\\']) {
    const path = await drop(name);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    const { output, producedAt } = await fetchOnce(sftp, toScpSource(dropbear, path));
    assert.equal(output.toString(), sections, name);
    assert.deepEqual(producedAt, new Date(1_700_000_000_000));
  }
});

scpTest('with sftp: the host is told to have none', async () => {
  const path = await drop('web01.txt');
  const fault = await expectFault(fetchOnce(sftp, toSftpSource(dropbear, path)), 'PEER');
  const shown = `${path} on 127.0.0.1:${dropbear.port}`;
  const why = 'the host offers no sftp to us; scp: can do without';
  assert.equal(fault.message, `fetching ${shown}: ${why}`);
});

scpTest('a host that is known to have no sftp is not asked for it again', async () => {
  const path = await drop('web01.txt');
  const context = makeOpenContext({});
  await withTransport(sftp, toScpSource(dropbear, path), context, async (transport) => {
    for (const _ of ['first', 'second', 'third']) {
      await transport.fetch(toTarget('web01'), neverAborts());
    }
  });
  const asked = context.log.lines.filter((line) => line.includes('no sftp there'));
  assert.deepEqual(asked, [
    `debug no sftp there; asking with scp { at: '127.0.0.1:${dropbear.port}' }`,
  ]);
});

scpTest('nothing, a directory and what is too large have the faults of sftp', async () => {
  await mkdir(join(dropbear.directory, 'folder'));
  const shown = (name: string) => `${join(dropbear.directory, name)} on 127.0.0.1:${dropbear.port}`;
  const failing = (name: string, env = {}) =>
    fetchOnce(sftp, toScpSource(dropbear, join(dropbear.directory, name)), env);
  const none = await expectFault(failing('nothing'), 'NO_OUTPUT');
  assert.equal(none.message, `there is no ${shown('nothing')}`);
  const folder = await expectFault(failing('folder'), 'MALFORMED');
  assert.equal(folder.message, `${shown('folder')} is not a regular file`);
  const path = await drop('large', 'x'.repeat(2000));
  const context = makeOpenContext({ maxOutputBytes: 1000 });
  const large = withTransport(sftp, toScpSource(dropbear, path), context, (transport) =>
    transport.fetch(toTarget('web01'), neverAborts()),
  );
  const fault = await expectFault(large, 'TOO_LARGE');
  assert.equal(fault.message, `${shown('large')} has more than the allowed 1000 bytes`);
});

scpTest(
  'a file that is another when all has come is fetched again, and never delivered so',
  async () => {
    // Each look finds another letter: what is announced behind the file is never what came.
    const script = [
      'n=$(cat $HOME/n || echo 0)',
      'echo $((n + 1)) > $HOME/n',
      String.raw`printf 'T1 0 1 0\nC0644 1 x\n%s\000T1 0 1 0\nC0644 2 x\n' $n`,
    ];
    const fault = await expectFault(fetchScripted(script.join('; ')), 'TIMEOUT');
    assert.match(
      fault.message,
      /^\/x on .* changes whenever it is fetched; write under another name/,
    );
  },
);

scpTest('a size that does not fit what comes is no file', async () => {
  const answer = (text: string) => fetchScripted(`printf '${text}'`);
  await expectFault(
    answer(String.raw`T1 0 1 0\nC0644 9 x\nshort\000`),
    'UNREACHABLE',
    /ended before all/,
  );
  await expectFault(answer(String.raw`C0644 3 x\nabc\001scp: x: input error\n`), 'TIMEOUT');
  await expectFault(answer(String.raw`Welcome to this host\n`), 'PEER', /such as a greeting$/);
  await expectFault(fetchScripted('exit 127'), 'PEER', /has neither sftp nor scp: exit code 127$/);
});

scpTest('a key that may call scp for one file alone is served by two fetches', async () => {
  const path = await drop('only.txt');
  const { output, producedAt } = await fetchScripted(`exec scp -f ${path}`);
  assert.equal(output.toString(), sections);
  assert.equal(producedAt, undefined);
});

scpTest('where there is sftp, scp: asks with that', async () => {
  const peer = await startSshd();
  const path = await drop('web01.txt');
  const context = makeOpenContext({});
  const { output } = await withTransport(sftp, toScpSource(peer, path), context, (transport) =>
    transport.fetch(toTarget('web01'), neverAborts()),
  ).finally(peer.close);
  assert.equal(output.toString(), sections);
  assert.deepEqual(context.log.lines, []);
});
