/** The recipe for HPE 3PAR, against a strict stand-in for its Web Services API. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Authority } from '../../helpers/certificates.ts';
import { array, FakeWsapi } from '../../peers/wsapi.ts';
import { findForgery, spoil } from './malice.ts';
import { runSpecial, type SpecialRun, withoutTimes } from './run-special.ts';

const tls = new Authority().issueServer({ name: 'array1', names: ['127.0.0.1'] });

async function run(
  prepare: (server: FakeWsapi) => void = () => undefined,
  options: Readonly<Record<string, readonly string[]>> = {},
): Promise<SpecialRun & { readonly server: FakeWsapi }> {
  const server = await new FakeWsapi(tls).start();
  prepare(server);
  try {
    const special = await runSpecial('3par', {
      options: {
        hostname: ['127.0.0.1'],
        port: [String(server.port)],
        user: ['monitor'],
        noCertCheck: ['true'],
        ...options,
      },
      secret: { option: 'passwordFile', value: server.password },
    });
    return { ...special, server };
  } finally {
    await server.stop();
  }
}

/** What its plug-ins read: one line of JSON for each value. */
const expected = Object.entries(array).map(([name, content]) => [
  `3par_${name}`,
  [JSON.stringify(content)],
]);

const ownSections = ({ sections }: SpecialRun) =>
  [...sections].filter(([name]) => name.startsWith('3par_'));

test('each value is one line, the answer in its shortest form', async () => {
  const { output, failure, server, ...special } = await run();
  assert.equal(failure, undefined);
  assert.deepEqual(ownSections({ ...special, output, failure }), expected);
  assert.match(output, /^<<<3par_system:sep\(0\)>>>\n/);
  assert.match(withoutTimes(output), /\n0 "Agent 3par" requests=\d+\|duration=0\|faults=0 /);
  assert.equal(server.sessions.size, 0);
});

test('only what is wanted is asked for, and the session is ended', async () => {
  const { server, ...special } = await run(undefined, { values: ['cpgs,ports'] });
  assert.deepEqual(
    ownSections(special).map(([name]) => name),
    ['3par_cpgs', '3par_ports'],
  );
  assert.deepEqual(
    server.asked.map((line) => line.replace(/credentials\/.*/, 'credentials/KEY')).sort(),
    [
      'DELETE /api/v1/credentials/KEY',
      'GET /api/v1/cpgs',
      'GET /api/v1/ports',
      'POST /api/v1/credentials',
    ],
  );
});

test('a login that is not accepted is REFUSED, with what the array said', async () => {
  const { output, failure, server } = await run((array1) => {
    array1.password = 'another';
    array1.interfere.set('/api/v1/credentials', {
      status: 403,
      content: { code: 5, desc: 'invalid username or password' },
    });
  });
  assert.equal(output, '');
  assert.match(
    failure ?? '',
    /^cmk-courier: 3par: step login: https:.*403.*invalid username or password.* \(REFUSED\)$/,
  );
  assert.equal(server.asked.length, 1);
});

test('a value that fails costs its own section, and the session is ended all the same', async () => {
  const { server, ...special } = await run(({ interfere }) => {
    interfere.set('/api/v1/remotecopy', { status: 404, content: { code: 11, desc: 'no licence' } });
    interfere.set('/api/v1/volumes', { status: 200, text: '<html>maintenance</html>' });
  });
  const without = ['3par_remotecopy', '3par_volumes'];
  assert.deepEqual(
    ownSections(special),
    expected.filter(([name]) => !without.includes(String(name))),
  );
  const told = special.sections
    .get('cmk_courier_agent')
    ?.slice(1)
    .map((row) => JSON.parse(row));
  assert.deepEqual(told?.map(({ step, code }) => `${step} ${code}`).sort(), [
    'remotecopy NO_OUTPUT',
    'volumes MALFORMED',
  ]);
  assert.equal(server.sessions.size, 0);
});

test('no value of the array writes a section or speaks for another host', async () => {
  const special = await run((server) => {
    server.content = spoil(array);
  });
  assert.deepEqual(findForgery(special.output), []);
  assert.equal(ownSections(special).length, expected.length);
});

test('neither password nor session key is told anywhere', async () => {
  const secret = randomBytes(12).toString('hex');
  const { output, failure, log } = await run((server) => {
    server.password = secret;
    server.interfere.set('/api/v1/hosts', { status: 500, text: `${secret} broke` });
    server.interfere.set('/api/v1/ports', { status: 500, text: '1-0123456789abcdef-deadbeef' });
  });
  const all = [output, failure, ...log].join('\n');
  assert.match(all, /hosts/);
  assert.doesNotMatch(all, new RegExp(`${secret}|deadbeef`));
});
