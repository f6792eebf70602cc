import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authority } from '../../helpers/certificates.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { findProgram, writeScript } from './courier-agent-shells.ts';
import { startReceiver } from './courier-send-peer.ts';
import {
  goodOutput,
  listState,
  type Sender,
  send,
  serverTls,
  startSending,
  testHost,
  testSending,
  token,
  writeAgent,
} from './courier-send-shells.ts';

const hidesToken = ['curl', 'wget', 'openssl'] as const;

/** Sends and expects that the receiver's certificate is not taken. */
async function assertNotTrusted(sender: Sender, args: readonly string[]): Promise<void> {
  const { code, stderr, stdout } = await startSending(sender, args).ended;
  // BusyBox drops what openssl says.
  assert.equal(code, sender.client === 'busybox' ? 5 : 7, stderr);
  assert.match(stderr, /^courier-send: [^\n]+\n$/);
  assert.equal(stdout.toString(), '');
  assert.deepEqual(sender.receiver.arrivals, []);
  assert.match(listState(sender).join(), /^unsent\.\d+$/);
}

testSending('a receiver of another authority is refused', async (sender) => {
  writeAgent(sender, goodOutput);
  writeFileSync(join(sender.root, 'other.pem'), new Authority('other').cert);
  await assertNotTrusted(sender, [`--ca=${sender.root}/other.pem`]);
});

testSending('a receiver of another name is refused', async (sender) => {
  const { authority, receiver } = sender;
  writeAgent(sender, goodOutput);
  const elsewhere = await startReceiver(authority.issueServer({ name: 'elsewhere.example.com' }));
  try {
    await assertNotTrusted({ ...sender, receiver: elsewhere }, []);
  } finally {
    await elsewhere.close();
  }
  assert.deepEqual(receiver.arrivals, []);
});

testSending(
  'the certificate of the host is shown',
  async (sender) => {
    const { authority, root } = sender;
    writeAgent(sender, goodOutput);
    const { cert, key } = authority.issueClient({ name: 'web01' });
    writeFileSync(join(root, 'cert.pem'), cert);
    writeFileSync(join(root, 'key.pem'), key, { mode: 0o600 });
    const strict = await startReceiver({ ...serverTls, rejectUnauthorized: true });
    try {
      const args = [`--cert=${root}/cert.pem`, `--key=${root}/key.pem`, '--token-file='];
      await send({ ...sender, receiver: strict }, 0, '', args);
      const [arrival] = strict.arrivals;
      assert.equal(arrival?.client, 'web01');
      assert.equal(arrival.headers.authorization, undefined);
      const { code } = await startSending({ ...sender, receiver: strict }).ended;
      assert.equal(code, sender.client === 'wget' ? 5 : 7, 'without a certificate');
    } finally {
      await strict.close();
    }
  },
  hidesToken,
);

/** Puts a program in the place of the client that notes its number and then becomes the client. */
function noteClient({ client, programs, root }: Sender): void {
  const place = join(programs, client);
  rmSync(place, { force: true });
  writeScript(place, `echo "$$" >>'${root}/pids'`, `exec ${findProgram(client)} "$@"`);
}

/** Arguments of all this process has started, environments of the client and of the script. */
async function readProcesses({ root }: Sender, script: number): Promise<string> {
  const client = readFileSync(join(root, 'pids'), 'utf8').trim().split('\n').at(-1);
  const environments = [client, script].map((pid) =>
    readFileSync(`/proc/${pid}/environ`, 'latin1'),
  );
  return [...(await readCommandLines()), ...environments].join('\n');
}

testSending(
  'the token is in no argument and no environment',
  async (sender) => {
    writeAgent(sender, goodOutput);
    noteClient(sender);
    let seen = '';
    sender.receiver.onArrival = async () => {
      seen = await readProcesses(sender, running.pid);
    };
    const running = startSending(sender);
    const { code, stderr } = await running.ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(seen, /--config|s_client/);
    assert.match(seen, /HOME=/);
    assert.ok(!seen.includes(token));
    assert.equal(sender.receiver.arrivals[0]?.headers.authorization, `Bearer ${token}`);
  },
  hidesToken,
);

testHost('BusyBox shows the token only when it is allowed to', async (sender) => {
  writeAgent(sender, goodOutput);
  const why =
    'busybox shows the token to all users of this host: install curl, or see --allow-visible-token';
  await send({ ...sender, client: 'busybox' }, 2, why, ['--allow-visible-token=no']);
  assert.deepEqual(sender.receiver.arrivals, []);
});

testHost('BusyBox sends nothing where it cannot check a certificate', async (sender) => {
  writeAgent(sender, goodOutput);
  const why =
    'busybox has https only with openssl, for a URL with a name, and without --cert: install curl or wget';
  const url = sender.receiver.url;
  await send({ ...sender, client: 'busybox' }, 4, why, [`--to=${url}`]);
  const { root } = sender;
  const { cert, key } = sender.authority.issueClient({ name: 'web01' });
  writeFileSync(join(root, 'cert.pem'), cert);
  writeFileSync(join(root, 'key.pem'), key, { mode: 0o600 });
  const args = [`--cert=${root}/cert.pem`, `--key=${root}/key.pem`];
  await send({ ...sender, client: 'busybox' }, 4, why, args);
});

testSending(
  'http works on loopback',
  async (sender) => {
    writeAgent(sender, goodOutput);
    const plain = await startReceiver(undefined);
    try {
      await send(sender, 0, '', [`--to=${plain.url}`]);
      assert.deepEqual(plain.arrivals[0]?.output, goodOutput);
    } finally {
      await plain.close();
    }
  },
  ['curl', 'wget', 'busybox'],
);

testHost('http shows the network no token', async (sender) => {
  writeAgent(sender, goodOutput);
  const why = 'http: shows the token to the network: use https:, or see --allow-visible-token';
  for (const name of ['site.example.com', '192.0.2.1:8000', '127.evil.example', 'localhost.evil']) {
    await send(sender, 2, why, [`--to=http://${name}`]);
  }
});

testHost('files others may read are not used', async (sender) => {
  writeAgent(sender, goodOutput);
  const { root } = sender;
  for (const mode of [0o640, 0o604, 0o644, 0o620]) {
    chmodSync(join(root, 'token'), mode);
    const why = `--token-file: others may read ${root}/token; it must be of mode 0600`;
    await send(sender, 4, why);
  }
  chmodSync(join(root, 'token'), 0o400);
  await send(sender, 0);
  chmodSync(sender.state, 0o777);
  await send(sender, 4, `others may write to ${sender.state}`);
  if (process.geteuid?.() !== 0) return;
  chmodSync(sender.state, 0o755);
  chownSync(sender.state, 65_534, 65_534);
  await send(sender, 4, `${sender.state} belongs to somebody else`);
});
