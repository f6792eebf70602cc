/** `doctor HOST --ssh`: the report of a host through a real sshd, with a forced command. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { skipWithoutSshd, startSshd } from '../peers/sshd.ts';

const script = fileURLToPath(new URL('../../agents/host/courier-doctor', import.meta.url));

interface Seen {
  readonly cause: { readonly code: string } | null;
  readonly steps: readonly {
    readonly id: string;
    readonly status: string;
    readonly text: string;
  }[];
}

/** What the doctor says of a host on which nobody listens, with its own report over ssh. */
async function look(keyOptions: string | undefined, wrong: RawOptions = {}): Promise<Seen> {
  const sshd = await startSshd(keyOptions === undefined ? {} : { keyOptions });
  try {
    const context = { ...makeCommandContext(), clock: systemClock, env: { ...process.env } };
    const options = {
      ...sshd.options,
      ssh: [`ssh://root@127.0.0.1:${sshd.port}`],
      address: ['127.0.0.1'],
      port: [String(await findFreePort())],
      json: ['true'],
      deadline: ['20s'],
      ...wrong,
    };
    await doctor.run({ operands: ['web01'], options }, { ...context, exitWith: () => undefined });
    return JSON.parse(context.said.output);
  } finally {
    await sshd.close();
  }
}

const hostSteps = (seen: Seen) =>
  seen.steps.filter(({ id }) => ['host', 'host-listener'].includes(id));

test('a forced command brings the report of the host', { skip: skipWithoutSshd }, async () => {
  const command = `${script} --json --host=web01`;
  const seen = await look(`command="${command}",restrict`);
  const [host, listener] = hostSteps(seen);
  assert.equal(host?.status, 'ok', JSON.stringify(seen));
  assert.match(host?.text ?? '', /over ssh/);
  assert.notEqual(listener, undefined);
});

test('without one the script is started by its name', { skip: skipWithoutSshd }, async () => {
  const seen = await look(undefined);
  const [host] = hostSteps(seen);
  // It is not installed here: the line says so, and the site has looked all the same.
  assert.equal(host?.status, 'unknown', JSON.stringify(seen));
  assert.match(host?.text ?? '', /courier-doctor/);
  assert.notEqual(seen.cause, null);
});

test('a report of another host is not believed', { skip: skipWithoutSshd }, async () => {
  const seen = await look(`command="${script} --json --host=web02",restrict`);
  const [host] = hostSteps(seen);
  assert.equal(host?.status, 'unknown');
  assert.match(host?.text ?? '', /the report is of "web02", not of web01/);
});
