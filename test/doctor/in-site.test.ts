/** `doctor HOST` as the user of a site: a fake `cmk` and `omd`, and the files of a site. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { sends } from '../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../peers/agent-controller.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { noteReport } from './named-cause.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\nHostname: db07\n<<<uptime>>>\n1 2\n';
const uuid = 'd38e7e53-5f2b-4c1c-9d2a-0a1b2c3d4e5f';

interface Case {
  /** What `cmk -D` prints below the address. */
  readonly kind?: string;
  /** What `cmk -d` does. */
  readonly dump?: string;
  /** What the agent port sends. */
  readonly answer?: string;
  /** What `cmk -D` has for addresses, and nobody names one. */
  readonly addresses?: string;
  readonly prepare?: (root: string) => Promise<unknown>;
  readonly options?: RawOptions;
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
}

async function link(root: string, host: string): Promise<void> {
  const path = join(root, 'var/agent-receiver/uuid-lookup', host);
  await mkdir(dirname(path), { recursive: true });
  await symlink(uuid, path);
}

async function examine(t: TestContext, made: Case) {
  const { kind = '', dump = 'exit 1', answer = output, addresses, prepare, options } = made;
  const { root, env } = await makeSiteTree(t);
  const settings = { agent: async () => Buffer.alloc(0), deviations: { instead: sends(answer) } };
  return withAgentController(settings, async ({ port }) => {
    const agent = kind === '' ? `TCP: 127.0.0.1:${port}` : kind;
    const shown = `printf 'Addresses: ${addresses ?? '127.0.0.1'}\\n%s\\n' '${agent}'`;
    await put(join(root, 'bin/cmk'), `#!/bin/sh\n[ "$1" != -d ] || { ${dump}; }\n${shown}\n`);
    await chmod(join(root, 'bin/cmk'), 0o755);
    await prepare?.(root);
    const context = { ...makeCommandContext(), env, clock: systemClock };
    const named = addresses === undefined ? { address: ['127.0.0.1'] } : {};
    const raw = { ...named, json: ['true'], ...options };
    await doctor.run({ operands: ['web01'], options: raw }, context);
    const document = JSON.parse(context.said.output);
    assert.equal(document.summary.crashed, 0, context.said.output);
    assert.deepEqual(document.site, { name: 'mysite', version: '2.4.0p14', edition: 'Raw' });
    return document;
  });
}

/** `cmk -d` of a host whose program is there, and how that ends. */
const asking = (dump: string, options: RawOptions = {}): Case => ({
  ...{ kind: 'Program: /bin/true web01', dump, options: { ask: ['true'], ...options } },
});
const says = (text: string) => `echo "ERROR [prog_web01]: ${text}" >&2; exit 1`;

const cases: Readonly<Record<string, readonly [cause: string, made: Case]>> = {
  'a program that fails, asked': [
    'program-fails',
    asking(says('Agent exited with code 3: no such module')),
  ],
  'a program that Checkmk does not find, asked': [
    'program-missing',
    asking(says("Program '/bin/true' not found (exit code 127)")),
  ],
  'a program that does not end, asked': [
    'program-timeout',
    asking('exec sleep 60', { deadline: ['1500ms'] }),
  ],
  'asked, it says what nobody knows': ['unexplained', asking(says('cannot do that'))],
  'all is well': ['ok', {}],
  'a name that Checkmk could not look up': ['address-none', { addresses: '0.0.0.0' }],
  'an address of the site itself': ['address-loopback', { addresses: '127.0.0.1' }],
  'TLS, and no registration': ['not-registered', { answer: '16' }],
  'plain text of a registered host': ['legacy-plain', { prepare: (root) => link(root, 'web01') }],
  'two hosts with one UUID': [
    'trust-taken-over',
    {
      kind: 'push-agent',
      prepare: async (root) => {
        await link(root, 'web01');
        await link(root, 'web02');
        await put(join(root, 'tmp/check_mk/data_source_cache/push-agent/web01'), output);
      },
    },
  ],
  'a host that never pushed': ['push-stale', { kind: 'Type of agent: Push Agent' }],
  'a host that pushed an hour ago': [
    'push-stale',
    {
      kind: 'push-agent',
      prepare: async (root) => {
        const path = join(root, 'tmp/check_mk/data_source_cache/push-agent/web01');
        await put(path, output);
        const then = Date.now() / 1000 - 3600;
        await utimes(path, then, then);
      },
    },
  ],
  'a host that pushes and is asked': [
    'push-host-pulled',
    {
      prepare: (root) => put(join(root, 'tmp/check_mk/data_source_cache/push-agent/web01'), output),
    },
  ],
  'a program that is not there': ['program-missing', { kind: 'Program: no-such-program web01' }],
  'no route for our own program': [
    'rule-missing',
    { kind: 'Program: cmk-courier fetch --host=web01' },
  ],
  'a route, and another program': [
    'rule-shadowed',
    {
      kind: 'Program: /bin/true web01',
      prepare: (root) =>
        put(
          join(root, 'etc/cmk-courier/routes.yaml'),
          "routes:\n  - { hosts: 'web*', sources: '/drops/{host}' }\n",
        ),
    },
  ],
  'the same output as minutes ago': [
    'output-stale',
    {
      prepare: async (root) => {
        const path = join(root, 'tmp/check_mk/cache/web01');
        await put(path, output);
        const then = Date.now() / 1000 - 300;
        await utimes(path, then, then);
      },
    },
  ],
  'a section that was there before': [
    'section-missing',
    { prepare: (root) => put(join(root, 'tmp/check_mk/cache/web01'), `${output}<<<df>>>\nx\n`) },
  ],
  'output of another host': [
    'output-other-host',
    { prepare: (root) => put(join(root, 'tmp/check_mk/cache/db07'), output) },
  ],
  'the receiver is switched off': [
    'receiver-off',
    { prepare: (root) => put(join(root, 'etc/omd/site.conf'), "CONFIG_AGENT_RECEIVER='off'\n") },
  ],
};

for (const [what, [cause, made]] of Object.entries(cases)) {
  test(what, async (t) => {
    const document = await examine(t, made);
    assert.equal(noteReport(what, 'site', cause, document), cause);
    // What fails while we look is no mere hint.
    if (made.options?.['ask'] && document.original.exit !== null) {
      assert.equal(document.verdict, 'fault');
    }
  });
}

test('of a command line its arguments are in no output', async (t) => {
  const { root, env } = await makeSiteTree(t);
  const secret = randomBytes(12).toString('hex');
  const line = `Program: /opt/ours/agent_x --password ${secret} web01`;
  await put(join(root, 'bin/cmk'), `#!/bin/sh\nprintf 'Addresses: 127.0.0.1\\n%s\\n' '${line}'\n`);
  await chmod(join(root, 'bin/cmk'), 0o755);
  for (const form of ['json', 'facts', 'redact']) {
    const context = { ...makeCommandContext(), env, clock: systemClock };
    const raw = { address: ['127.0.0.1'], facts: ['true'], [form]: ['true'] };
    await doctor.run({ operands: ['web01'], options: raw }, context);
    assert.ok(context.said.output.includes('/opt/ours/agent_x'));
    assert.ok(!context.said.output.includes(secret), form);
  }
});
