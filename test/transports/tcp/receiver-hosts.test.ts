/** Hosts that are registered with our own receiver, for pull. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Revocations } from '../../../src/certs/revocation.ts';
import { renewServerCertificate } from '../../../src/certs/store.ts';
import type { RawOptions } from '../../../src/cli/options.ts';
import { findReceiverUuid } from '../../../src/transports/tcp/receiver-registration.ts';
import { putServerCertificate } from '../../certs/own-server.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { runCourier } from '../../helpers/run-program.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { withAgentController } from '../../peers/agent-controller.ts';
import { type Connection, register } from '../../peers/controller-client.ts';
import { type RunningReceiver, site, startReceiver } from '../../receiver/running-receiver.ts';
import { fetchFromTls, lineFrom, output } from './agents.ts';
import { register as registerWithSite } from './site.ts';

interface Registered {
  readonly running: RunningReceiver;
  readonly host: Connection;
  /** Where the receiver keeps what is needed. */
  readonly options: RawOptions;
}

/** A host that has registered over HTTPS, as its controller does. */
async function startRegistered(
  t: TestContext,
  mode: 'pull-agent' | 'push-agent' = 'pull-agent',
): Promise<Registered> {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'admin', mode });
  const place = { port: running.port, site };
  const host = await register(place, { user: 'admin', password }, 'web01');
  assert.equal(host.mode, mode);
  const options = {
    receiverState: [join(running.directory, 'state')],
    receiverCertificates: [running.certificates.directory],
  };
  return { running, host, options };
}

for (const generation of ['0.20', '0.23'] as const) {
  test(`a host that has registered is pulled, with controllers of rustls ${generation}`, async (t) => {
    const { running, host, options } = await startRegistered(t);
    const controller = { connections: [host], generation };
    assert.deepEqual(await fetchFromTls(controller, { options }), output);
    const named = { ...options, uuid: [host.uuid], receiverState: [] };
    assert.deepEqual(await fetchFromTls(controller, { options: named }), output);
    const { directory } = running.certificates;
    const files = {
      uuid: [host.uuid],
      siteCert: [join(directory, 'server.pem')],
      agentCa: [join(directory, 'agent-ca.pem')],
    };
    assert.deepEqual(await fetchFromTls(controller, { options: files }), output);
  });

  test(`with a certificate for servers only it is refused, with rustls ${generation}, until certs server has made another`, async (t) => {
    const { running, host, options } = await startRegistered(t);
    const { directory } = running.certificates;
    const controller = { connections: [host], generation };
    await putServerCertificate(directory, { usages: ['serverAuth'] });
    const said = generation === '0.20' ? 'handshake failure' : 'unsupported certificate';
    const line = await lineFrom(controller, { options });
    assert.equal(
      line.replace(/TLS: \S+ alert/, 'TLS: alert'),
      `error establishing TLS connection to HOST: TLS: alert ${said}; the controller does not accept this site's certificate: it is for servers only; cmk-courier certs server makes one for both uses (REFUSED)`,
    );
    await renewServerCertificate(directory, { site, names: [] });
    assert.deepEqual(await fetchFromTls(controller, { options }), output);
    await putServerCertificate(directory, {});
    assert.deepEqual(await fetchFromTls(controller, { options }), output, 'without any usage');
  });
}

test('in a site nothing has to be named, and its own registrations come first', async (t) => {
  const { running, host } = await startRegistered(t);
  const root = await makeTempDir(t);
  for (const [path, target] of [
    ['etc/cmk-courier/certs', running.certificates.directory],
    ['var/cmk-courier/receiver', join(running.directory, 'state')],
  ] as const) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path));
  }
  const context = makeOpenContext({ env: { OMD_ROOT: root, OMD_SITE: 'test' } });
  assert.deepEqual(await fetchFromTls({ connections: [host] }, { context }), output);
  assert.equal(
    await lineFrom({}, { context }),
    'refused: a TLS connection is registered on the monitoring server but the agent is not providing it: HOST answers in plain text (REFUSED)',
  );
  await registerWithSite(root, 'web01', host.uuid);
  assert.match(
    await lineFrom({ connections: [host] }, { context }),
    /reading --site-cert \S+\/etc\/ssl\/sites\/test\.pem: no such file or directory \(LOCAL\)$/,
  );
});

test('by the program itself, as the README shows it', async (t) => {
  const { host, options } = await startRegistered(t);
  const agent = async () => output;
  await withAgentController({ agent, connections: [host] }, async ({ port }) => {
    const { stdout, stderr, code } = await runCourier([
      'fetch',
      '--host=web01',
      '--address=127.0.0.1',
      `--receiver-state=${options['receiverState']}`,
      `--receiver-certificates=${options['receiverCertificates']}`,
      `tcp://{address}:${port}`,
    ]);
    assert.deepEqual([stdout.toString(), stderr, code], [output.toString(), '', 0]);
  });
});

test('a host that has registered for push is none that is pulled', async (t) => {
  const { host, options } = await startRegistered(t, 'push-agent');
  assert.match(
    await lineFrom({ connections: [host] }, { options }),
    /^agent controller not registered: HOST wants TLS/,
  );
});

test('a certificate that was revoked is refused', async (t) => {
  const { running, host, options } = await startRegistered(t);
  const revocations = await Revocations.load(running.certificates.directory);
  await revocations.add(new X509Certificate(host.cert).serialNumber, host.uuid, new Date());
  assert.equal(
    await lineFrom({ connections: [host] }, { options }),
    'error establishing TLS connection to HOST: the certificate of the agent is revoked; the host has to register again (REFUSED)',
  );
});

test('a record that cannot be read is a fault, never a host without registration', async (t) => {
  const state = await makeTempDir(t);
  const path = join(state, 'hosts', 'web01.json');
  assert.equal(await findReceiverUuid('web01', state), undefined);
  await mkdir(dirname(path));
  for (const [text, why] of [
    ['{"uuid":', 'not a record of a host'],
    ['null', 'not a record of a host'],
    ['{"uuid": "x", "mode": "pull-agent"}', 'it holds no UUID'],
  ] as const) {
    await writeFile(path, text, { mode: 0o600 });
    const fault = await expectFault(findReceiverUuid('web01', state), 'CONFIG');
    assert.equal(fault.message, `reading ${path}: ${why}`);
  }
  await writeFile(path, '{}', { mode: 0o666 });
  await expectFault(findReceiverUuid('../hosts/web01', state), 'USAGE', /not a host name/);
});
