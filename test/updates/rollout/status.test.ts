/** What `updates status` shows of a rollout, and for whom. */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { main } from '../../../src/main.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { writeHostTargets } from '../../../src/updates/repository/host-targets.ts';
import { writeRolloutFile } from '../../../src/updates/repository/rollout-file.ts';
import { writeSwitch } from '../../../src/updates/repository/switch.ts';
import { makeRollout } from '../../../src/updates/rollout/starting.ts';
import { Contacts, type Standing } from '../../../src/updates/server/contacts.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { assertDocument } from '../../helpers/json-document.ts';
import { makeUpdateServer, plantHost, type UpdateServer } from '../server-kit.ts';
import { aStage, targetsOf } from './rollout-kit.ts';

const hour = 3_600_000;

/** Changes what a host told last. */
async function tell(server: UpdateServer, host: string, told: Partial<Standing>): Promise<void> {
  const contacts = await Contacts.open(server.places, server.clock);
  await contacts.update(parseHostName(host), (before) => {
    const { standing } = before;
    const lastContact = new Date(server.clock.now()).toISOString();
    return { ...before, lastContact, ...(standing && { standing: { ...standing, ...told } }) };
  });
}

/** Four hosts of a rollout: one is done, one has failed, one is silent, one waits for its stage. */
async function makeFleet(t: Parameters<typeof makeUpdateServer>[0]): Promise<UpdateServer> {
  const server = await makeUpdateServer(t);
  const names = ['web01', 'web02', 'web03', 'db01'];
  for (const name of names) await plantHost(server, name, { rootVersion: 1, counter: 1 });
  const targets = targetsOf(names);
  const stages = [
    aStage({ name: 'web', hosts: names.slice(0, 3), failures: 5000, silent: 5000 }),
    aStage({ name: 'rest' }),
  ];
  const actor = { env: {}, by: 'alice', clock: server.clock };
  const rollout = makeRollout([...targets.keys()], targets, stages, actor);
  await writeRolloutFile(server.places, { rollout, removals: [] });
  await writeHostTargets(server.places.published, targets);
  await writeSwitch(server.places, { isOn: true, since: '20261128093000', by: 'alice' });
  server.clock.advance(4 * hour);
  await tell(server, 'web01', { installedCounter: 2, state: 'installed' });
  await tell(server, 'web02', { state: 'failed', code: 'E-SPACE', error: '=cmd, "no room"' });
  await tell(server, 'db01', { state: 'idle' });
  return server;
}

test('ST-1, RO-4: the status shows stage, decision and silence of each host, and totals a stage', async (t) => {
  const server = await makeFleet(t);
  const { output } = await server.run('status');
  const hash = '0123456789abcdef';
  assert.deepEqual(
    output
      .split('\n')
      .filter((line) => !line.startsWith('rollout '))
      .map((line) => line.replace(/ {2,}/g, '  ')),
    [
      'host  state  stage  decision  target  fetched  installed  root  last contact  silent',
      `web02  failed  web  offer  2 ${hash}  -  1 ${hash}  1  2026-11-28T13:30:00Z  -  E-SPACE: =cmd, "no room"`,
      `web03  committed  web  offer  2 ${hash}  -  1 ${hash}  1  2026-11-28T09:30:00Z  4h  silent for 4h`,
      `db01  idle  rest  stage  2 ${hash}  -  1 ${hash}  1  2026-11-28T13:30:00Z  -  stage rest is not open yet`,
      `web01  installed  web  offer  2 ${hash}  -  2 ${hash}  1  2026-11-28T13:30:00Z  -  up to date`,
      '',
      'the next stage opens: web: 1 of 3 installed, 1 failed, 1 silent',
      'stage  share  open since  hosts  asked  installed  failed  silent  soak',
      'web  100%  2026-11-28T09:30:00Z  3  3  1 (wanted 1)  1 (33.33% of 50%)  1 (33.33% of 50%)  1h',
      'rest  100%  -  1  0  0 (wanted 1)  0 (0% of 2%)  0 (0% of 10%)  1h',
      '',
    ],
  );
  const json = await server.run('status', '--json');
  assertDocument('updates status', json.output);
});

test('ST-1: filters are joined by AND, and CSV has every column', async (t) => {
  const server = await makeFleet(t);
  const hostsOf = async (...words: readonly string[]) => {
    const { output } = await server.run('status', '--json', ...words);
    const { hosts }: { hosts: readonly { host: string }[] } = JSON.parse(output);
    return hosts.map(({ host }) => host).join(' ');
  };
  assert.equal(await hostsOf('--faulty'), 'web02 web03');
  assert.equal(await hostsOf('--silent'), 'web03');
  assert.equal(await hostsOf('--behind'), 'web02 web03 db01');
  assert.equal(await hostsOf('--behind', '--decision=offer', 'web*'), 'web02 web03');
  assert.equal(await hostsOf('--stage=rest'), 'db01');
  assert.equal(await hostsOf('--state=failed,installed'), 'web02 web01');
  assert.match((await server.run('status', '--state=x')).output, /^none of 4 hosts\n/);
  const { output } = await server.run('status', '--csv', 'web02');
  const [titles = '', line = '', end] = output.split('\r\n');
  assert.equal(titles.split(',').length, 22);
  assert.ok(
    line.startsWith(
      'web02,7,"E-SPACE: =cmd, ""no room""",failed,web,offer,target 2 is offered,2,0123456789abcdef,',
    ),
  );
  assert.ok(line.endsWith(`,E-SPACE,"'=cmd, ""no room"""`), line);
  assert.equal(end, '');
  const both = await server.run('status', '--csv', '--json');
  assert.equal(
    both.errors,
    'cmk-courier: updates status: --csv and --json exclude each other (USAGE)\n',
  );
});

test('ST-1: watched, the status comes again until a signal ends it', async (t) => {
  const server = await makeFleet(t);
  await rm(server.places.rollout, { force: true });
  const ending = new AbortController();
  const { said, ...context } = makeCommandContext();
  const clock = {
    now: () => server.clock.now(),
    monotonic: () => server.clock.monotonic(),
    sleep: async () => {
      if (said.output.split('host ').length > 2) ending.abort();
    },
  };
  const line = ['updates', 'status', '--watch', 'web01', `--dir=${server.places.directory}`];
  assert.equal(await main(line, { ...context, clock, shutdown: ending.signal }), 0);
  const rows = said.output.split('\n').filter((row) => row.startsWith('web01'));
  assert.equal(rows.length, 2);
});
