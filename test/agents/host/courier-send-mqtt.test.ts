/** courier-send with `--mqtt`: to a real Mosquitto, by the real mosquitto_pub. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { keyVerifier } from '../../../src/sealing/keys.ts';
import { verifyDrop } from '../../../src/sealing/opening.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { start } from '../../helpers/run-program.ts';
import { type Mosquitto, startMosquitto } from '../../peers/mosquitto.ts';
import { fetchRetained } from '../../transports/mqtt/fetching.ts';
import { findProgram, type Shell, testInShells, writeScript } from './courier-agent-shells.ts';
import { keysOf, publicKeyOf } from './courier-seal-shells.ts';
import { goodOutput, sendFile } from './courier-send-shells.ts';

const acl = `user site
topic readwrite #
pattern write courier/%u
`;

interface Host {
  readonly shell: Shell;
  readonly root: string;
  /** Which MQTT its broker knows. */
  readonly knows?: 4 | 5;
}

/** What mosquitto_pub says of a broker that does not know MQTT 5. */
const unknownVersion =
  'case " $* " in *mqttv5*) echo "Connection error: Unsupported Protocol Version" >&2; exit 132; esac';

type Run = Parameters<typeof testInShells>[1];

let broker: Mosquitto;

const skip = skipWithout('mosquitto') || skipWithout('mosquitto_pub');

/** All shells; in the short run one does where the shell hardly matters. */
const few = process.env['COURIER_TEST_LONG'] === undefined ? ['dash'] : undefined;

/** Runs it as web01, which may write its own topic alone; its agent prints the usual output. */
async function send({ shell, root, knows = 5 }: Host, url: string, args: readonly string[] = []) {
  const programs = join(root, 'bin');
  mkdirSync(programs, { recursive: true });
  writeScript(
    join(programs, 'mosquitto_pub'),
    `printf '%s\\n' "$@" >>'${root}/arguments'`,
    knows === 5 ? '' : unknownVersion,
    `exec ${findProgram('mosquitto_pub')} "$@"`,
  );
  const agent = join(root, 'agent');
  writeFileSync(join(root, 'printed'), goodOutput);
  writeScript(agent, `cat '${root}/printed'`);
  writeFileSync(join(root, 'empty.conf'), '');
  writeFileSync(join(root, 'login'), `web01:${broker.password}\n`, { mode: 0o600 });
  const options = [`--config=${root}/empty.conf`, `--agent=${agent}`, '--timeout=20'];
  const login = [`--token-file=${root}/login`, `--ca=${broker.ca}`, '--host=web01'];
  const state = [`--state=${root}/state`];
  const { stderr, code } = await start(
    shell.file,
    [sendFile, ...options, ...login, ...state, `--mqtt=${url}`, ...args],
    { env: { PATH: `${programs}:${shell.path}`, HOME: root } },
  ).ended;
  return { said: stderr.replace(/^courier-send: /, '').trim(), code };
}

const unsent = ({ root }: Host) =>
  readdirSync(join(root, 'state')).filter((name) => name.startsWith('unsent.'));

const isRetained: Run = async (shell, { root }) => {
  const host = { shell, root };
  const before = Math.floor(Date.now() / 1000);
  const ended = await send(host, `mqtts://127.0.0.1:${broker.tlsPort}/courier/{host}`);
  assert.deepEqual(ended, { said: '', code: 0 });
  const { output, producedAt } = await fetchRetained(broker, 'web01');
  assert.deepEqual(gunzipSync(output), goodOutput);
  assert.ok(producedAt instanceof Date && producedAt.getTime() / 1000 >= before);
  assert.deepEqual(unsent(host), []);
  assert.ok(!readFileSync(join(root, 'arguments'), 'utf8').includes(broker.password));
};

const isToldAndKept: Run = async (shell, { root }) => {
  const host = { shell, root };
  const url = `mqtt://127.0.0.1:${broker.port}/courier/web02`;
  const refused = await send(host, url);
  assert.deepEqual(refused, {
    said: `${url}: Warning: Publish 1 failed: Not authorized.`,
    code: 7,
  });
  const silent = await send(host, 'mqtt://127.77.0.1:9');
  const why = 'cannot send to mqtt://127.77.0.1:9: Error: Connection refused';
  assert.deepEqual(silent, { said: why, code: 5 });
  assert.equal(unsent(host).length, 1);
  const good = `mqtt://127.0.0.1:${broker.port}`;
  const failedOver = await send(host, 'mqtt://127.77.0.1:9', [`--mqtt=${good}`]);
  assert.deepEqual(failedOver, { said: `${good} took it; ${why}`, code: 0 });
  assert.deepEqual(unsent(host), []);
};

const needsAUser: Run = async (shell, { root }) => {
  const host = { shell, root };
  writeFileSync(join(root, 'password'), `${broker.password}\n`, { mode: 0o600 });
  const args = [`--token-file=${root}/password`];
  const said = '--token-file: there is no user: it must hold user:password, or the URL user@';
  assert.deepEqual(await send(host, `mqtt://127.0.0.1:${broker.port}`, args), { said, code: 4 });
};

const isSealed: Run = async (shell, { root }) => {
  const host: Host = { shell, root, knows: 4 };
  const url = `mqtt://site@127.0.0.1:${broker.port}/courier/{host}`;
  writeFileSync(join(root, 'password'), `${broker.password}\n`, { mode: 0o600 });
  const args = ['--host=a.example', `--token-file=${root}/password`];
  const why = `without MQTT 5 ${url} cannot be told when the output was produced: use --seal`;
  assert.deepEqual(await send(host, url, args), { said: why, code: 4 });
  const sealing = ['--seal', `--seal-keys=${keysOf('host')}`];
  assert.deepEqual(await send(host, url, [...args, ...sealing]), { said: '', code: 0 });
  const { output } = await fetchRetained(broker, 'a.example');
  const { header } = verifyDrop(output, [await keyVerifier(publicKeyOf('host'))]);
  assert.equal(header.host, 'a.example');
};

describe('courier-send to a broker', { skip }, () => {
  before(async () => {
    broker = await startMosquitto('', acl);
  });
  after(() => broker.close());
  testInShells('the newest output is retained, with the time it was made', isRetained);
  testInShells('what a broker does not take is told, and kept', isToldAndKept, few);
  testInShells('a password without a user is told before anything runs', needsAUser, few);
  testInShells('sealed output goes to a broker of any version', isSealed, few);
});
