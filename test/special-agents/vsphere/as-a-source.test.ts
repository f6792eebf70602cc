/** `agent:vsphere` as a source: routes, beside another source, fetched, collected, laid ready. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CollectorSite, makeSite } from '../../collector/running-collector.ts';
import { storePassword } from '../../helpers/password-store.ts';
import { runCourier } from '../../helpers/run-program.ts';
import { oddVcenter } from '../../peers/vsphere/odd-inventory.ts';
import { FakeVsphere, fault } from '../../peers/vsphere/soap-server.ts';

const main = '<<<check_mk>>>\nVersion: 2.5.0\n';

/** A site with two hosts: one that is a vCenter alone, one with an agent of its own as well. */
async function makeVsphereSite(t: TestContext) {
  const fake = await FakeVsphere.start(oddVcenter);
  t.after(() => fake.stop());
  const site = await makeSite(t);
  const etc = join(site.root, 'etc/cmk-courier');
  writeFileSync(join(etc, 'ca.pem'), fake.ca);
  writeFileSync(join(etc, 'secret'), oddVcenter.password, { mode: 0o600 });
  const asked = [
    `user: ${oddVcenter.user}`,
    `secretFile: ${etc}/secret`,
    `ca: ${etc}/ca.pem`,
    `port: ${fake.port}`,
    'server: 127.0.0.1',
  ];
  site.writeRoutes(`
defaults: { every: 1s }
routes:
  - hosts: vcenter1
    sources:
      - uri: agent:vsphere
        ${asked.join('\n        ')}
  - hosts: vcenter2
    sources: ${site.root}/drops/{host}
    maxAge: 1h
    with:
      - uri: agent:vsphere
        ${asked.join('\n        ')}
        modules: datastore,hostsystem
`);
  site.drop('vcenter2', main);
  return { fake, site };
}

/** What is said of each host, without what differs from run to run. */
async function run(site: CollectorSite, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCourier(args, { env: site.environment });
  assert.deepEqual([code, stderr], [0, '']);
  return stdout.toString().replaceAll(site.root, 'SITE');
}

const names = (output: string) => [...output.matchAll(/^<<<(\w+)/gm)].map(([, name]) => name ?? '');
const agentService = /^\d "Agent vsphere" .*$/m;

test('routes: explained, tried, fetched', async (t) => {
  const { site } = await makeVsphereSite(t);
  const explained = await run(site, 'routes', 'explain', 'vcenter2');
  assert.match(explained, /^ {2}source 1 file file:\/\/SITE\/drops\/vcenter2$/m);
  assert.match(explained, /^ {2}with 1 agent agent:vsphere user=monitor@vsphere\.local /m);
  assert.match(
    await run(site, 'routes', 'test', 'vcenter2'),
    /^OK .*\nOK .* with agent agent:vsphere: .*\na fetch .* source 1; with \d+ sections of agent agent:vsphere\n$/,
  );
  const fetched = await run(site, 'fetch', '--host=vcenter1');
  assert.match(fetched.match(agentService)?.[0] ?? '', /^0 .*\|faults=0 \d+ sections/);
  assert.ok(names(fetched).includes('esx_vsphere_vm'));
});

test('collector, ready file, status: what fails costs only its own sections', {
  timeout: 120_000,
}, async (t) => {
  const { fake, site } = await makeVsphereSite(t);
  const ask = (host: string) => site.ask(host).stdout;
  const states = () => site.status().hosts.map(({ host, served }: HostStatus) => [host, served]);
  await site.start();
  await site.until(() => /"faults":0/.test(ask('vcenter1')) && /"faults":0/.test(ask('vcenter2')));
  assert.ok(names(ask('vcenter1')).includes('esx_vsphere_counters'));
  assert.ok(ask('vcenter2').startsWith(`${main}<<<>>>\n<<<esx_systeminfo>>>\n`));
  assert.deepEqual(states().sort(), [
    ['vcenter1', 'output'],
    ['vcenter2', 'output'],
  ]);

  // A part: the sections that it makes.
  fake.interfere = ({ method }) =>
    method === 'QueryPerf' ? fault('NoPermission', 'Permission was denied.') : 'pass';
  await site.until(() => /"faults":1/.test(ask('vcenter1')));
  assert.match(ask('vcenter1').match(agentService)?.[0] ?? '', /^1 .*esx_vsphere_counters: /);
  assert.ok(names(ask('vcenter1')).includes('esx_vsphere_vm'));
  assert.ok(!names(ask('vcenter1')).includes('esx_vsphere_counters'));

  // All of it: the host that is a vCenter alone has a fault, the other one its own agent.
  fake.interfere = () => ({ status: 503, body: 'down' });
  await site.until(() => site.ask('vcenter1').status !== 0);
  await site.until(() => !ask('vcenter2').includes('esx_'));
  const { stdout, stderr } = site.ask('vcenter1');
  assert.equal(stdout, '');
  assert.match(stderr, /^cmk-courier: agent: vcenter1: .*503.* \(PEER\)\n$/);
  assert.match(
    ask('vcenter2'),
    /^<<<local.*\n1 "Agent courier" .*; without agent agent:vsphere: .*503.* \(PEER\)\n(?:.*\n)*Version: 2\.5\.0\n$/,
  );
  const shown = await run(site, 'status', `--ready=${site.ready}`);
  assert.match(shown, /^vcenter1 +fault .*PEER/m);
  assert.match(shown, /^vcenter2 +less .*with: PEER/m);

  fake.interfere = () => 'pass';
  await site.until(() => /"faults":0/.test(ask('vcenter2')));
});

interface HostStatus {
  readonly host: string;
  readonly served: string;
}

test('the command: words of the shipped agent, and what is wrong in one line', async (t) => {
  const { fake, site } = await makeVsphereSite(t);
  const etc = join(site.root, 'etc/cmk-courier');
  const { reference, env: keyEnv } = await storePassword(site.root, oddVcenter.password);
  const env = { ...site.environment, ...keyEnv };
  const ask = (...args: readonly string[]) =>
    runCourier(['agent', 'vsphere', `--port=${fake.port}`, `--user=${oddVcenter.user}`, ...args], {
      env,
    });
  const login = [`--ca=${etc}/ca.pem`, `--secret-id=${reference}`];
  const shipped = ['--vm_piggyname', 'hostname', '--vm_pwr_display=vm', '--host_pwr_display', 'vm'];
  const { code, stdout, stderr } = await ask(...login, ...shipped, '127.0.0.1');
  assert.deepEqual([code, stderr.replace(/^.* a machine has no host .*\n/, '')], [0, '']);
  assert.match(
    stdout.toString(),
    /^<<<<web01\.example\.com>>>>\n<<<esx_vsphere_objects:sep\(9\)>>>$/m,
  );
  for (const [args, told] of [
    [
      [...login, '--server=https://vcenter1'],
      /^--server must be a name .*; --port is for .*\(USAGE\)$/,
    ],
    [[...login, '127.0.0.1', '127.0.0.2'], /unexpected argument: 127\.0\.0\.2 \(USAGE\)$/],
    [[`--secret-id=${reference}`, '127.0.0.1'], /certificate.* \(REFUSED\)$/],
  ] as const) {
    const ended = await ask(...args);
    assert.equal(ended.stdout.toString(), '');
    assert.match(ended.stderr.trimEnd().replace(/^cmk-courier: agent: (vsphere: )?/, ''), told);
  }
});
