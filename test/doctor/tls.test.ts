/** `doctor HOST` and an Agent Controller in TLS mode: who trusts whom. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { SiteAuthority } from '../peers/agent-controller/certificates.ts';
import { type ControllerSettings, withAgentController } from '../peers/agent-controller.ts';
import { theConnection, theSite, uuid, writeSiteFiles } from '../transports/tcp/site.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n';
const otherUuid = '11111111-2222-4333-8444-555555555555';
const dayMs = 86_400_000;

let directory: string;
let options: RawOptions;
before(async () => {
  directory = await makeTempDir();
  options = await writeSiteFiles(directory);
});
after(() => removeTempDir(directory));

async function findCause(settings: Partial<ControllerSettings>, own = options) {
  const agent = async () => Buffer.from(output);
  const all = { agent, connections: [theConnection()], ...settings };
  return withAgentController(all, async ({ port }) => {
    const context = { ...makeCommandContext(), clock: systemClock };
    const place = { address: ['127.0.0.1'], port: [String(port)], json: ['true'] };
    await doctor.run({ operands: ['web01'], options: { ...own, ...place } }, context);
    const { cause, verdict } = JSON.parse(context.said.output);
    return cause?.code ?? verdict;
  });
}

const { authority } = theSite();

/** Shows this certificate to who asks for the UUID of web01. */
const showing = (made: ReturnType<typeof authority.issueAgent>) => ({
  connections: [{ ...theConnection(), ...made }],
});

test('all is well, over both versions', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.equal(
      await findCause({ versions: { minVersion: version, maxVersion: version } }),
      'ok',
      version,
    );
  }
});

test('the certificate is that of another host', async () => {
  const made = authority.issueAgent(uuid, {}, otherUuid);
  assert.equal(await findCause(showing(made)), 'registered-elsewhere');
});

test('the certificate has expired', async () => {
  const made = authority.issueAgent(uuid, { validUntil: new Date(Date.now() - dayMs / 2) });
  assert.equal(await findCause(showing(made)), 'certificate-expired');
});

test('the certificate is not valid yet', async () => {
  const made = authority.issueAgent(uuid, { validFrom: new Date(Date.now() + dayMs) });
  assert.equal(await findCause(showing(made)), 'certificate-not-yet');
});

test('the certificate is from another site', async () => {
  const made = new SiteAuthority().issueAgent(uuid);
  assert.equal(await findCause(showing(made)), 'issuer-other-site');
});

test('the controller does not know the UUID', async () => {
  for (const generation of ['0.20', '0.23'] as const) {
    const own = { ...options, uuid: [otherUuid] };
    assert.equal(await findCause({ generation }, own), 'uuid-unknown', generation);
  }
});

test('the controller does not accept the certificate of the site', async (t) => {
  const own = await writeSiteFiles(await makeTempDir(t), new SiteAuthority().issueSite());
  for (const generation of ['0.20', '0.23'] as const) {
    assert.equal(await findCause({ generation }, own), 'client-certificate-refused', generation);
  }
});
