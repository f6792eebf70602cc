/** `doctor HOST`: causes brought about on loopback and in network namespaces. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import {
  closesAtOnce,
  isSilent,
  type Misbehaviour,
  sends,
  sendsAndResets,
} from '../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../peers/agent-controller.ts';
import { noteReport } from './named-cause.ts';

const loopback = { address: ['127.0.0.1'], json: ['true'] };

async function run(operands: readonly string[], options: RawOptions) {
  const context = { ...makeCommandContext(), clock: systemClock };
  let exit = 0;
  const exitWith = (code: number) => {
    exit = code;
  };
  await doctor.run({ operands, options }, { ...context, exitWith });
  return { exit, output: context.said.output };
}

/** Runs, notes a row, and holds the cause against what was brought about. */
async function assertCause(what: string, wanted: string | null, options: RawOptions) {
  const { exit, output } = await run(['web01'], { ...loopback, ...options });
  const document = JSON.parse(output);
  const { cause, verdict } = document;
  noteReport(what, options['hostReport'] ? 'both' : 'site', wanted ?? 'ok', document);
  assert.equal(cause?.code ?? null, wanted);
  assert.equal(exit, verdict === 'fault' ? cause.exit : 0);
}

async function withPort(instead: Misbehaviour, use: (port: string[]) => Promise<void>) {
  const settings = { agent: async () => Buffer.alloc(0), deviations: { instead } };
  await withAgentController(settings, ({ port }) => use([String(port)]));
}

const output = '<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n<<<uptime>>>\n1 2\n';
const uuid = ['d38e7e53-5f2b-4c1c-9d2a-0a1b2c3d4e5f'];
const strict = { policy: ['tls_encrypted_only'] };
const skewed = `<<<check_mk>>>\nVersion: 2.4.0\n<<<systemtime>>>\n1000000000\n`;

const answers: readonly (readonly [
  what: string,
  instead: Misbehaviour,
  cause: string | null,
  options?: RawOptions,
])[] = [
  ['a good agent', sends(output), null],
  ['closed at once', closesAtOnce, 'port-closed-at-once'],
  ['accepted and silent', isSilent, 'port-hangs', { deadline: ['2s'] }],
  ['reset after a byte', sendsAndResets('1'), 'port-closed-at-once'],
  ['an SSH server', sends('SSH-2.0-OpenSSH_9.6\r\n'), 'other-service'],
  ['a web server', sends('HTTP/1.0 400 Bad\r\n\r\n'), 'other-service'],
  ['a mail server', sends('220 mail ESMTP\r\n'), 'other-service'],
  ['TLS from the first byte', sends('\u0016\u0003\u0001'), 'other-service'],
  ['plain text of a registered host', sends(output), 'legacy-plain', { uuid }],
  ['plain text where TLS is enforced', sends(output), 'legacy-plain', strict],
  ['encrypted, registered', sends(`03Salted__${output}`), 'legacy-encrypted', { uuid }],
  ['encrypted, no passphrase', sends(`03Salted__${'x'.repeat(64)}`), 'legacy-encrypted'],
  ['header only of two bytes', sends('<<'), 'output-empty'],
  ['not sections', sends('<<no sections here, only text>>\n'), 'output-torn'],
  ['a clock of 2001', sends(skewed), 'clock-wrong'],
];

describe('on loopback', () => {
  for (const [what, instead, cause, options = {}] of answers) {
    test(what, () => withPort(instead, (port) => assertCause(what, cause, { port, ...options })));
  }

  test('nobody listens', async () => {
    const port = [String(await findFreePort())];
    await assertCause('nobody listens', 'port-refused', { port });
  });

  test('no address', async () => {
    const address = ['nowhere.invalid'];
    await assertCause('a name that does not exist', 'dns-none', { address, deadline: ['8s'] });
  });
});

const reported = {
  schema: 1,
  program: 'courier-doctor 0.1.0',
  host: 'web01',
  run: null,
  duration_ms: 1,
};

function makeStep(id: string, status: string, code: string | null, evidence: object = {}) {
  return { id, status, code, raw_error: null, evidence, duration_ms: 1 };
}

const reports: readonly (readonly [what: string, steps: readonly object[], cause: string])[] = [
  [
    'refused, but the host listens',
    [makeStep('listener', 'ok', null, { listeners: ['0.0.0.0:6556'] })],
    'blocked',
  ],
  [
    'refused, the host listens on loopback',
    [makeStep('listener', 'fault', 'address-loopback', { listeners: ['127.0.0.1:6556'] })],
    'address-loopback',
  ],
  [
    'refused, its service failed',
    [makeStep('starter', 'fault', 'service-failed')],
    'service-failed',
  ],
  ['refused, its disk is full', [makeStep('system', 'fault', 'disk-full')], 'disk-full'],
  ['refused, no agent there', [makeStep('agent', 'fault', 'agent-missing')], 'agent-missing'],
  [
    'refused, the host pushes only',
    [makeStep('controller', 'ok', null, { push: 1, pull: 0 })],
    'pull-host-silent',
  ],
  [
    'refused, the host alone says blocked',
    [makeStep('firewall', 'fault', 'blocked')],
    'port-refused',
  ],
];

describe('with a report of the host', () => {
  for (const [what, steps, cause] of reports) {
    test(what, async (t) => {
      const path = join(await makeTempDir(t), 'report.json');
      const started = `${new Date().toISOString().slice(0, 19)}Z`;
      const port = [String(await findFreePort())];
      const text = JSON.stringify({ ...reported, started, steps });
      writeFileSync(path, text.replaceAll(':6556', `:${port[0]}`));
      await assertCause(what, cause, { port, hostReport: [path] });
    });
  }
});

const canUnshare = spawnSync('unshare', ['-n', 'ip', 'link'], { stdio: 'ignore' }).status === 0;

const networks: readonly (readonly [what: string, setUp: string, code: string, exit: number])[] = [
  ['no route at all', ':', 'no-route', 5],
  ['an unreachable route', 'ip route add unreachable 192.0.2.0/24', 'no-route', 5],
  ['a prohibited route', 'ip route add prohibit 192.0.2.0/24', 'no-route', 5],
  [
    'packets vanish',
    'ip addr add 192.0.2.1/32 dev lo && ip route add 192.0.2.21/32 dev lo src 192.0.2.1',
    'port-silent',
    6,
  ],
];

describe('in a network of its own', {
  skip: canUnshare ? false : 'needs root and iproute2',
}, () => {
  for (const [what, setUp, code, exit] of networks) {
    test(what, () => {
      const call = `"${process.execPath}" src/bin.ts doctor web01 --address=192.0.2.21 --connect-timeout=1s --json`;
      const script = `ip link set lo up; ${setUp} && ${call}`;
      const ended = spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' });
      const named = noteReport(what, 'site', code, JSON.parse(ended.stdout));
      assert.deepEqual([named, ended.status], [code, exit]);
    });
  }
});

test('one connection is opened, nothing is sent without TLS, and none is left', async () => {
  let asked = 0;
  const agent = async () => {
    asked += 1;
    return Buffer.from(output);
  };
  await withAgentController({ agent }, async (controller) => {
    await run(['web01'], { ...loopback, port: [String(controller.port)] });
    await waitUntil(() => controller.countConnections() === 0);
    assert.equal(asked, 1);
    assert.equal(controller.bytesReceived(), 0);
  });
});

/** It takes a thirtieth of that; a machine that is busy elsewhere may be slow once. */
const soonMs = 1500;

test('a host on which all is well is looked at soon', async () => {
  await withPort(sends(output), async (port) => {
    const times: number[] = [];
    do {
      const { output: said } = await run(['web01'], { ...loopback, port });
      const { verdict, duration_ms: ms } = JSON.parse(said);
      assert.equal(verdict, 'ok');
      times.push(ms);
    } while ((times.at(-1) ?? 0) > soonMs && times.length < 5);
    assert.ok(Math.min(...times) <= soonMs, times.join(', '));
  });
});

test('a secret of the run is in no output', async (t) => {
  const secret = randomBytes(12).toString('hex');
  const path = join(await makeTempDir(t), 'passphrase');
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  const encrypted = `03Salted__${'x'.repeat(8)}${'y'.repeat(64)}`;
  await withPort(sends(encrypted), async (port) => {
    const options = { address: ['127.0.0.1'], port, passphraseFile: [path], facts: ['true'] };
    for (const more of [{}, { json: ['true'] }, { plugin: ['true'] }]) {
      const { output: said } = await run(['web01'], { ...options, ...more });
      if ('json' in more)
        noteReport('a wrong passphrase', 'site', 'passphrase-wrong', JSON.parse(said));
      assert.match(said, /passphrase-wrong/);
      assert.ok(!said.includes(secret));
    }
  });
});

test('--plugin speaks the codes of plug-ins, --quiet the verdict alone', async () => {
  const port = [String(await findFreePort())];
  const sentence =
    'web01: the host is there, and nobody answers on the port (port-refused, on the host).\n';
  const options = { address: ['127.0.0.1'], port };
  const plugin = await run(['web01'], { ...options, plugin: ['true'] });
  assert.deepEqual(plugin, { exit: 2, output: `CRITICAL - ${sentence}` });
  const quiet = await run(['web01'], { ...options, quiet: ['true'] });
  assert.deepEqual(quiet, { exit: 5, output: sentence });
});
