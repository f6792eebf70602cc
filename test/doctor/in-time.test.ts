/** `doctor HOST` against those who hang, never end, or answer rubbish: each is told as what it is. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { isSilent, type Misbehaviour, sends } from '../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../peers/agent-controller.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { noteReport } from './named-cause.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n';

async function look(instead: Misbehaviour, options: RawOptions = {}, env = {}) {
  const settings = { agent: async () => Buffer.alloc(0), deviations: { instead } };
  return withAgentController(settings, async ({ port }) => {
    const context = { ...makeCommandContext(), clock: systemClock };
    const raw = { address: ['127.0.0.1'], port: [String(port)], json: ['true'], ...options };
    const own = Object.keys(env).length > 0 ? { ...context, env } : context;
    await doctor.run({ operands: ['web01'], options: raw }, own);
    return JSON.parse(context.said.output);
  });
}

function statusOf(document: { steps: { id: string; status: string }[] }, id: string) {
  return document.steps.find((step) => step.id === id)?.status;
}

const drips: Misbehaviour = (socket) => {
  socket.write(output);
  const timer = setInterval(() => socket.write('more\n'), 50);
  socket.on('close', () => clearInterval(timer));
};

const floods: Misbehaviour = (socket) => {
  const piece = Buffer.alloc(1024 ** 2, 'more\n');
  const send = (): void => void socket.write(piece, (error) => error ?? send());
  socket.write(output, send);
};

test('more than is allowed is not called damaged', async () => {
  const named = noteReport('too much output', 'site', 'output-too-large', await look(floods));
  assert.equal(named, 'output-too-large');
});

test('nothing is concluded from silence in less than a second', async () => {
  const document = await look(isSilent, { deadline: ['800ms'] });
  noteReport('silence in less than a second', 'site', 'unknown', document);
  const { cause, verdict, steps } = document;
  assert.deepEqual([cause, verdict], [null, 'unknown']);
  const { text } = steps.find(({ id }: { id: string }) => id === 'port');
  assert.match(text, /^nobody could look/);
});

test('well is only who was seen to have output', async () => {
  const context = { ...makeCommandContext(), clock: systemClock };
  await withAgentController(
    { agent: async () => Buffer.alloc(0), deviations: { instead: sends('16') } },
    async ({ port }) => {
      const options = { address: ['127.0.0.1'], port: [String(port)], quiet: ['true'] };
      await doctor.run({ operands: ['web01'], options }, context);
    },
  );
  assert.equal(
    context.said.output,
    'web01: what was looked at is well, but nobody saw its output. Nobody could look at: ' +
      'site, checkmk, configuration, sharing, ping, registration, tls, age, receiver-port, refused.\n',
  );
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
}

for (const [what, said] of [
  ['rubbish', 'no JSON at all'],
  ['another shape', '[[1]]'],
  ['a time that is none', '[["fine", 0, 1e300]]'],
] as const) {
  test(`Livestatus that answers ${what} is no bug of ours`, async (t) => {
    const { root, env } = await makeSiteTree(t);
    await mkdir(join(root, 'tmp/run'), { recursive: true });
    const server = createServer((socket) => socket.end(said)).listen(join(root, 'tmp/run/live'));
    t.after(() => server.close());
    const document = await look(sends(output), {}, env);
    assert.equal(document.summary.crashed, 0, JSON.stringify(document.steps));
  });
}

test('a file that is not there is no bug of ours', async (t) => {
  const { root, env } = await makeSiteTree(t);
  await rm(join(root, 'etc/omd/site.conf'));
  const document = await look(sends(output), {}, env);
  assert.equal(statusOf(document, 'receiver-port'), 'unknown');
});

const canUnshare = spawnSync('unshare', ['-nm', 'ip', 'link'], { stdio: 'ignore' }).status === 0;

// All of these wait, each for somebody else.
describe('side by side', { concurrency: 4 }, () => {
  test('output that goes on and on is an agent that does not end, not a host that is well', async () => {
    const document = await look(drips, { deadline: ['4s'] });
    noteReport('output that does not end', 'site', 'agent-hangs', document);
    const { cause, verdict } = document;
    assert.deepEqual([cause?.code, verdict], ['agent-hangs', 'fault']);
  });

  test('a cmk and an omd that hang keep nobody from looking at the port', async (t) => {
    const { root, env } = await makeSiteTree(t);
    for (const name of ['cmk', 'omd']) {
      await put(join(root, 'bin', name), '#!/bin/sh\nexec sleep 600\n');
      await chmod(join(root, 'bin', name), 0o755);
    }
    const document = await look(sends(output), { deadline: ['4s'] }, env);
    assert.deepEqual(
      ['site', 'configuration', 'output'].map((id) => statusOf(document, id)),
      ['unknown', 'unknown', 'ok'],
    );
  });

  for (const [options, cause] of [
    ['', 'dns-silent'],
    ['--address=127.0.0.1 --port=1', 'port-refused'],
  ] as const) {
    const what = `name servers that say nothing: ${cause}`;
    test(what, { skip: canUnshare ? false : 'needs root and iproute2' }, async () => {
      const call = `"${process.execPath}" src/bin.ts doctor web01.example.com ${options} --json`;
      const script = [
        'ip link set lo up; ip addr add 192.0.2.1/32 dev lo',
        'ip route add 192.0.2.21/32 dev lo src 192.0.2.1',
        'mount -t tmpfs none /mnt && echo "nameserver 192.0.2.21" >/mnt/resolv.conf',
        `mount --bind /mnt/resolv.conf /etc/resolv.conf && ${call}`,
      ].join('\n');
      const child = spawn('unshare', ['-nm', 'sh', '-c', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const said = await text(child.stdout);
      assert.equal(noteReport(what, 'site', cause, JSON.parse(said)), cause, said);
    });
  }
});
