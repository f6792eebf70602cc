import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Revocations } from '../../src/certs/revocation.ts';
import { signAgentCertificate } from '../../src/certs/signing.ts';
import { initCertificates, loadCertificates } from '../../src/certs/store.ts';
import { commandHelp } from '../../src/cli/help.ts';
import type { RawOptions } from '../../src/cli/options.ts';
import { certs } from '../../src/commands/certs.ts';
import { putServerCertificate } from '../certs/own-server.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';

/** The clock of the tests stands there. */
const now = new Date('2026-01-01T00:00:00Z');
const names = { site: 'mysite', names: ['localhost', '2001:db8::1'], now };
let directory = '';

before(async () => {
  directory = join(await makeTempDir(), 'certs');
  await initCertificates(directory, names);
});
after(() => removeTempDir(join(directory, '..')));

interface Called {
  readonly env?: Readonly<Record<string, string>>;
  readonly at?: Date;
}

/** Runs it and gives what it printed. */
async function run(
  operands: readonly string[],
  options: RawOptions = {},
  { env = {}, at = now }: Called = {},
): Promise<string> {
  const context = { ...makeCommandContext(), env };
  context.clock.set(at.getTime());
  await certs.run({ operands, options }, context);
  return context.said.output;
}

const inDirectory = () => ({ dir: [directory] });

/** A store of its own, for what changes it. */
async function makeStore(context: TestContext): Promise<string> {
  const own = join(await makeTempDir(context), 'certs');
  await initCertificates(own, names);
  return own;
}

/** The rows of one certificate as show prints them. */
function toRows(pem: string, rows: readonly string[]): string {
  return [...rows, `  SHA-256    ${new X509Certificate(pem).fingerprint256}`, ''].join('\n');
}

test('show says what the certificates are, and that hosts accept them', async () => {
  const { rootCert, agentCaCert, serverCert } = await loadCertificates(directory);
  assert.equal(
    await run(['show'], inDirectory()),
    [
      directory,
      '',
      toRows(rootCert, [
        'receiver CA: ca.pem',
        '  subject    CN=Receiver CA of mysite',
        '  valid      2025-12-31T00:00:00Z to 2056-01-01T00:00:00Z',
        '  days left  10957',
      ]),
      toRows(agentCaCert, [
        'agent CA: agent-ca.pem',
        '  subject    CN=Agent CA of mysite',
        '  valid      2025-12-31T00:00:00Z to 2056-01-01T00:00:00Z',
        '  days left  10957',
      ]),
      toRows(serverCert, [
        'server: server.pem',
        '  subject    CN=mysite',
        '  names      mysite, localhost, 2001:db8::1',
        '  valid      2025-12-31T00:00:00Z to 2036-01-01T00:00:00Z',
        '  days left  3652',
      ]),
      'The Agent Controller accepts the server certificate.',
      '',
    ].join('\n'),
  );
});

test('show --json says the same to programs', async () => {
  const {
    directory: named,
    certificates,
    objection,
    warnings,
  } = JSON.parse(await run(['show'], { ...inDirectory(), json: ['true'] }));
  assert.deepEqual([named, objection, warnings], [directory, null, []]);
  assert.deepEqual(Object.keys(certificates[0]), [
    'what',
    'file',
    'subject',
    'names',
    'validFrom',
    'validUntil',
    'daysLeft',
    'fingerprint',
  ]);
  assert.deepEqual(certificates[2].names, ['mysite', 'localhost', '2001:db8::1']);
  assert.equal(certificates[2].daysLeft, 3652);
});

const verdicts: readonly (readonly [string, readonly string[]])[] = [
  ['2035-10-03T00:00:00Z', ['The Agent Controller accepts the server certificate.']],
  [
    '2035-10-03T00:00:01Z',
    [
      'The Agent Controller accepts the server certificate.',
      'warning: server.pem expires in 89 days, at 2036-01-01T00:00:00Z; cmk-courier certs server renews it, a reload of the receiver uses it',
    ],
  ],
  [
    '2055-12-30T12:00:00Z',
    [
      'error: the Agent Controller would refuse the server certificate: it expired at 2036-01-01T00:00:00Z',
      'warning: ca.pem expires in 1 day, at 2056-01-01T00:00:00Z; every host has to register again with its successor',
      'warning: agent-ca.pem expires in 1 day, at 2056-01-01T00:00:00Z; every host has to register again with its successor',
      'warning: server.pem has expired, at 2036-01-01T00:00:00Z; cmk-courier certs server renews it, a reload of the receiver uses it',
    ],
  ],
  [
    '2025-12-30T00:00:00Z',
    [
      'error: the Agent Controller would refuse the server certificate: it is not valid before 2025-12-31T00:00:00Z',
      'warning: ca.pem is not valid before 2025-12-31T00:00:00Z; is the clock right?',
      'warning: agent-ca.pem is not valid before 2025-12-31T00:00:00Z; is the clock right?',
      'warning: server.pem is not valid before 2025-12-31T00:00:00Z; is the clock right?',
    ],
  ],
];

for (const [at, lines] of verdicts) {
  test(`show warns and ends well at ${at}`, async () => {
    const shown = await run(['show'], inDirectory(), { at: new Date(at) });
    assert.deepEqual(shown.split('\n').slice(-lines.length - 1), [...lines, '']);
  });
}

test('show warns of a key that others may read', async (t) => {
  const own = await makeStore(t);
  chmodSync(join(own, 'agent-ca-key.pem'), 0o640);
  const { warnings } = JSON.parse(await run(['show'], { dir: [own], json: ['true'] }));
  assert.deepEqual(warnings, ['agent-ca-key.pem holds a key others may read; chmod 600 it']);
});

test('show names a certificate for servers only, and server puts one for both uses in its place', async (t) => {
  const own = await makeStore(t);
  const warningsOf = async (action: string) =>
    JSON.parse(await run([action], { dir: [own], json: ['true'] })).warnings;
  await putServerCertificate(own, { usages: ['serverAuth'], now });
  assert.deepEqual(await warningsOf('show'), [
    'server.pem is for servers only, so hosts registered here refuse it when they are pulled; cmk-courier certs server makes one for both, a reload of the receiver uses it',
  ]);
  assert.deepEqual(await warningsOf('server'), []);
  assert.deepEqual(await warningsOf('show'), []);
  await putServerCertificate(own, { now });
  assert.deepEqual(await warningsOf('show'), [], 'without any usage it is for both');
});

test('init makes them where the site has its configuration, and says what to do next', async (t) => {
  const root = await makeTempDir(t);
  const options = { site: ['mysite'], name: ['mon.example.org', '192.0.2.1'] };
  const env = { OMD_ROOT: root, OMD_SITE: 'other' };
  const said = await run(['init'], options, { env });
  const made = join(root, 'etc/cmk-courier/certs');
  assert.equal(
    said.slice(said.indexOf('\nHosts with')),
    `
Hosts with the Agent Controller learn ${made}/ca.pem when they register.
Others need a copy: curl --cacert ca.pem …, wget --ca-certificate=ca.pem …
Keep a backup of the directory: with another CA every host has to register again.
`,
  );
  assert.match(said, / {2}names {6}mysite, mon\.example\.org, 192\.0\.2\.1\n/);
  assert.equal((await loadCertificates(made)).directory, made);
});

test('init in a site is for that site unless told otherwise', async (t) => {
  const root = await makeTempDir(t);
  const said = await run(['init'], {}, { env: { OMD_ROOT: root, OMD_SITE: 'mysite' } });
  assert.match(said, / {2}names {6}mysite\n/);
});

test('without a site they are below the configuration of the user', async (t) => {
  const home = await makeTempDir(t);
  const said = await run(['init'], { site: ['mysite'] }, { env: { HOME: home } });
  assert.ok(existsSync(join(home, '.config/cmk-courier/certs/ca.pem')));
  assert.match(said, /\nNo --name was given, so curl and wget accept /);
  const other = join(home, 'other');
  await run(['init'], { site: ['mysite'] }, { env: { HOME: home, XDG_CONFIG_HOME: other } });
  assert.ok(existsSync(join(other, 'cmk-courier/certs/ca.pem')));
  const fault = await expectFault(run(['show']), 'USAGE');
  assert.equal(fault.message, '--dir is missing: neither OMD_ROOT nor HOME is set');
});

test('init overwrites nothing, and needs a name', async () => {
  const again = run(['init'], { ...inDirectory(), site: ['mysite'] });
  await expectFault(again, 'CONFIG', /^.* is not empty: hosts trust the CA in it/);
  const nameless = await expectFault(run(['init'], inDirectory()), 'USAGE');
  assert.equal(nameless.message, '--site is missing');
});

test('names that are none are refused by the name of their option', async () => {
  const site = await expectFault(run(['init'], { site: ['192.0.2.1'] }), 'USAGE');
  assert.equal(
    site.message,
    '--site must be a name of letters, digits, "-", "_" and dots that is no address and no UUID, not "192.0.2.1"',
  );
  const name = await expectFault(run(['server'], { name: ['a b'] }), 'USAGE');
  assert.equal(name.message, '--name must be a DNS name or an IP address, not "a b"');
});

test('server renews with the same names, or with those given', async (t) => {
  const own = await makeStore(t);
  const { rootCert, serverKey } = await loadCertificates(own);
  const later = { at: new Date('2030-01-01T00:00:00Z') };
  const same = await run(['server'], { dir: [own] }, later);
  assert.match(same, /CN=mysite\n {2}names {6}mysite, localhost, 2001:db8::1\n.* to 2040-01-01T/);
  const advice =
    /\nA receiver that runs uses it once it is told to read it: systemctl reload cmk-courier-receive, or SIGHUP\.\n$/;
  assert.match(same, advice);
  const other = await run(['server'], { dir: [own], name: ['b.example.org'] }, later);
  assert.match(other, /CN=mysite\n {2}names {6}mysite, b\.example\.org\n/);
  const renamed = await run(['server'], { dir: [own], site: ['new'], name: ['c'] }, later);
  assert.match(renamed, /CN=new\n {2}names {6}new, c\n/);
  const renewed = await loadCertificates(own);
  assert.equal(renewed.rootCert, rootCert);
  assert.notEqual(renewed.serverKey, serverKey);
});

/** Certificates of one host: two, as after a renewal. */
async function signTwo(own: string, uuid: string): Promise<readonly [string, string]> {
  const { serverCert } = await loadCertificates(own);
  const publicKey = new X509Certificate(serverCert).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  const sign = () =>
    signAgentCertificate({ uuid, publicKey, keyType: '' }, own, { months: 60, now });
  return [(await sign()).serial, (await sign()).serial];
}

test('revoke denies one serial, or every certificate of a host', async (t) => {
  const own = await makeStore(t);
  const [uuid, other] = [randomUUID(), randomUUID()];
  const [first, second] = await signTwo(own, uuid);
  const [third] = await signTwo(own, other);
  assert.equal(await run(['revoke', first], { dir: [own] }), `revoked ${first} of ${uuid}\n`);
  assert.equal(
    await run(['revoke', uuid.toUpperCase()], { dir: [own] }),
    `${first} of ${uuid} was revoked before\nrevoked ${second} of ${uuid}\n`,
  );
  const revocations = await Revocations.load(own);
  assert.deepEqual(
    [first, second, third].map((serial) => revocations.has(serial)),
    [true, true, false],
  );
  const json = await run(['revoke', third.toUpperCase()], { dir: [own], json: ['true'] });
  assertDocument('certs revoke', json);
  assert.deepEqual(JSON.parse(json), {
    revoked: [{ serial: third, uuid: other, already: false }],
  });
});

test('revoke takes nothing it does not know, and then revokes nothing', async (t) => {
  const own = await makeStore(t);
  const uuid = randomUUID();
  const [serial] = await signTwo(own, uuid);
  const hint = 'there is none in issued.txt; what it does not know, a line in revoked.txt denies';
  const unknown = randomUUID();
  const noHyphens = uuid.replaceAll('-', '');
  const cases = [
    ['web01', '"web01" is neither a serial nor the uuid of a host'],
    [unknown, `no certificate with the uuid ${unknown}: ${hint}`],
    [noHyphens, `no certificate with the serial ${noHyphens}: ${hint}`],
  ] as const;
  for (const [text, message] of cases) {
    const fault = await expectFault(run(['revoke', serial, text], { dir: [own] }), 'USAGE');
    assert.equal(fault.message, message);
  }
  assert.equal(existsSync(join(own, 'revoked.txt')), false);
});

test('what a crash has left in the record of certificates does no harm', async (t) => {
  const own = await makeStore(t);
  const uuid = randomUUID();
  const [serial] = await signTwo(own, uuid);
  const path = join(own, 'issued.txt');
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, whole.slice(0, -30));
  assert.equal(await run(['revoke', uuid], { dir: [own] }), `revoked ${serial} of ${uuid}\n`);
});

test('a wrong call is answered by the right one', async () => {
  const cases: readonly (readonly [readonly string[], RawOptions, string])[] = [
    [[], {}, 'a verb is missing; there are init, show, server, revoke'],
    [['constructor'], {}, 'no verb "constructor"; there are init, show, server, revoke'],
    [['show', 'all'], {}, 'must be: certs show'],
    [['revoke'], {}, 'must be: certs revoke SERIAL|UUID…'],
    [['show'], { site: ['a'] }, 'must be: certs show, without --site'],
    [['revoke', 'ab'], { name: ['a'] }, 'must be: certs revoke SERIAL|UUID…, without --name'],
  ];
  for (const [operands, options, message] of cases) {
    const fault = await expectFault(run(operands, { ...options, ...inDirectory() }), 'USAGE');
    assert.equal(fault.message, message);
  }
});

test('--help shows each use', async () => {
  const help = await commandHelp(certs, []);
  for (const use of ['certs init --site', 'certs show', 'certs server', 'certs revoke']) {
    assert.ok(help.includes(`cmk-courier ${use}`), use);
  }
});
