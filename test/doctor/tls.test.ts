/** `doctor HOST` and an Agent Controller in TLS mode: who trusts whom. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { parseHostReport } from '../../src/doctor/report/host-report.ts';
import { Reports } from '../../src/receiver/state/reports.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { SiteAuthority } from '../peers/agent-controller/certificates.ts';
import { type ControllerSettings, withAgentController } from '../peers/agent-controller.ts';
import { theConnection, theSite, uuid, writeSiteFiles } from '../transports/tcp/site.ts';
import { noteReport } from './named-cause.ts';

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

/** Notes what is named for it, and holds that against what is wanted. */
async function assertCause(
  what: string,
  wanted: string,
  settings: Partial<ControllerSettings>,
  own = options,
) {
  assert.equal(noteReport(what, 'site', wanted, await examine(settings, own)), wanted, what);
}

/** Text and cause of the step `tls`. */
async function findStep(settings: Partial<ControllerSettings>, env = {}) {
  const { steps } = await examine(settings, options, env);
  const step = steps.find(({ id }: { id: string }) => id === 'tls');
  return [String(step.text), step.code] as const;
}

async function examine(settings: Partial<ControllerSettings>, own: RawOptions, more = {}) {
  const agent = async () => Buffer.from(output);
  const all = { agent, connections: [theConnection()], ...settings };
  return withAgentController(all, async ({ port }) => {
    const made = makeCommandContext();
    const context = { ...made, env: { ...made.env, ...more }, clock: systemClock };
    const place = { address: ['127.0.0.1'], port: [String(port)], json: ['true'] };
    await doctor.run({ operands: ['web01'], options: { ...own, ...place } }, context);
    return JSON.parse(context.said.output);
  });
}

const { authority } = theSite();

/** Shows this certificate to who asks for the UUID of web01. */
const showing = (made: ReturnType<typeof authority.issueAgent>) => ({
  connections: [{ ...theConnection(), ...made }],
});

test('all is well, over both versions', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const versions = { minVersion: version, maxVersion: version };
    await assertCause(`an agent that speaks ${version}`, 'ok', { versions });
  }
});

test('no TLS version is spoken by both', async () => {
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  await assertCause('an agent that speaks TLS 1.1 alone', 'tls-version', { versions });
});

const printed: readonly (readonly [what: string, code: string, bytes: Buffer])[] = [
  ['a page of a proxy', 'output-html', Buffer.from('<!DOCTYPE html>\n<html><body>Log in</body>\n')],
  ['UTF-16', 'output-encoding', Buffer.from(`\ufeff${output}`, 'utf16le')],
  ['nothing', 'output-empty', Buffer.alloc(0)],
];

for (const [what, code, bytes] of printed) {
  test(`the agent behind TLS prints ${what}`, () =>
    assertCause(`${what} over TLS`, code, { agent: async () => bytes }));
}

test('the certificate is that of another host', async () => {
  const made = authority.issueAgent(uuid, {}, otherUuid);
  const what = 'the certificate of another host';
  await assertCause(what, 'registered-elsewhere', showing(made));
});

test('the certificate has expired', async () => {
  const made = authority.issueAgent(uuid, { validUntil: new Date(Date.now() - dayMs / 2) });
  await assertCause('an expired certificate', 'certificate-expired', showing(made));
});

test('the certificate is not valid yet', async () => {
  const made = authority.issueAgent(uuid, { validFrom: new Date(Date.now() + dayMs) });
  await assertCause('a certificate of the future', 'certificate-not-yet', showing(made));
});

test('the certificate is from another site', async () => {
  const made = new SiteAuthority('other').issueAgent(uuid);
  await assertCause('a certificate by another site', 'issuer-other-site', showing(made));
  const [text] = await findStep(showing(made));
  assert.equal(text, 'fails: its certificate is of the site other');
});

/** A site whose receiver has a report of a host with that clock. */
async function reportClock(t: TestContext, skewMs: number) {
  const state = await makeTempDir(t);
  const reports = await Reports.open(join(state, 'cmk-courier/receiver'));
  const step = { id: 'clock', status: 'ok', code: null, raw_error: null, duration_ms: 1 };
  const epoch = Math.round((Date.now() + skewMs) / 1000);
  const report = {
    ...{ schema: 1, program: 'courier-doctor 0.1.0', host: 'web01', run: null, started: null },
    ...{ duration_ms: 1, steps: [{ ...step, evidence: { epoch } }] },
  };
  await reports.keep({
    host: 'web01',
    receivedAt: new Date().toISOString(),
    receivedBy: 'token',
    report: parseHostReport(Buffer.from(JSON.stringify(report)), 'web01'),
  });
  return { XDG_STATE_HOME: state };
}

test('a certificate that is good by the clock of the host alone is not what is wrong', async (t) => {
  const made = authority.issueAgent(uuid, { validFrom: new Date(Date.now() + dayMs) });
  const [, code] = await findStep(showing(made));
  assert.equal(code, 'certificate-not-yet');
  const env = await reportClock(t, 2 * dayMs);
  const [text, told] = await findStep(showing(made), env);
  assert.equal(told, 'clock-wrong');
  assert.match(
    text,
    /^fails: the certificate is good by the clock of the host alone, which is (2d|1d\d+h|48h).* ahead$/,
  );
});

test('the controller does not know the UUID', async () => {
  for (const generation of ['0.20', '0.23'] as const) {
    const own = { ...options, uuid: [otherUuid] };
    const what = `a UUID that controller ${generation} does not know`;
    await assertCause(what, 'uuid-unknown', { generation }, own);
  }
});

test('the controller does not accept the certificate of the site', async (t) => {
  const own = await writeSiteFiles(await makeTempDir(t), new SiteAuthority().issueSite());
  for (const generation of ['0.20', '0.23'] as const) {
    const what = `a site that controller ${generation} does not trust`;
    await assertCause(what, 'client-certificate-refused', { generation }, own);
  }
});
