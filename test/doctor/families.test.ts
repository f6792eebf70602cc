/** `doctor HOST` of a host with addresses of both families. */

import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { sends } from '../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../peers/agent-controller.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { noteCase } from './named-cause.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n';
const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
const skip = all.some(({ address }) => address === '::1') ? false : 'this machine has no ::1';

/** An agent on 127.0.0.1 alone. */
async function look(t: TestContext, addresses: string) {
  const { root, env } = await makeSiteTree(t);
  const settings = { agent: async () => Buffer.alloc(0), deviations: { instead: sends(output) } };
  return withAgentController(settings, async ({ port }) => {
    const program = `#!/bin/sh\nprintf 'Addresses: ${addresses}\\nTCP: 127.0.0.1:${port}\\n'\n`;
    await writeFile(join(root, 'bin/cmk'), program);
    await chmod(join(root, 'bin/cmk'), 0o755);
    const context = { ...makeCommandContext(), env, clock: systemClock };
    await doctor.run({ operands: ['web01'], options: { json: ['true'] } }, context);
    const { steps } = JSON.parse(context.said.output);
    const [step, after] = ['port', 'output'].map((wanted) =>
      steps.find(({ id }: { id: string }) => id === wanted),
    );
    const { status, duration_ms: ms } = step;
    const what = `an agent on 127.0.0.1 alone, Checkmk has ${addresses}`;
    noteCase({ what, view: 'site', wanted: 'port-refused', named: step.code, status, ms });
    const text = String(step.text).replaceAll(String(port), 'PORT');
    const { ipv4, ipv6 } = step.evidence;
    return [status, step.code, text, [ipv4, ipv6], after.status];
  });
}

test('a family that does not answer is a warning', { skip }, async (t) => {
  assert.deepEqual(await look(t, '127.0.0.1, ::1'), [
    'warning',
    'port-refused',
    '127.0.0.1:PORT accepts; [::1]:PORT refused',
    ['open', 'refused'],
    'ok',
  ]);
});

test('it is a fault when Checkmk asks that one', { skip }, async (t) => {
  assert.deepEqual(await look(t, '::1, 127.0.0.1'), [
    'fault',
    'port-refused',
    '[::1]:PORT refused; 127.0.0.1:PORT accepts',
    ['open', 'refused'],
    'skipped',
  ]);
});
