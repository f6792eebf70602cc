/** The policy table of the specification (tcp-pull, 2.6), every cell over a real connection. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { Secret } from '../../../src/secrets/secrets.ts';
import { policies } from '../../../src/transports/tcp/policy.ts';
import { encryptSymmetric } from '../../../src/wrapping/symmetric.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { sends, sendsAndStays } from '../../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../../peers/agent-controller.ts';
import { fetchFromTls, lineFrom, lineFromStranger, output } from './agents.ts';
import { makeOmdRoot, register, theConnection, uuid, writeSiteFiles } from './site.ts';
import { fetchOutput, writeSecret } from './sources.ts';

const registered =
  'refused: a TLS connection is registered on the monitoring server but the agent is not providing it';
const enforced =
  'refused: TLS is enforced on the monitoring server but the agent is not providing it';
const plaintext =
  'refused: encryption is enforced on the monitoring server but agent is only providing plaintext';

const passphrase = 'courier-secret';
const schemes = ['00', '02', '03', '04', '05'] as const;

let directory: string;
let options: RawOptions;
before(async () => {
  directory = await makeTempDir();
  options = { passphraseFile: [await writeSecret(directory, 'passphrase', passphrase)] };
});
after(() => removeTempDir(directory));

for (const policy of policies) {
  test(`16 of a registered host passes under ${policy}`, async () => {
    const own = { ...(await writeSiteFiles(directory)), policy: [policy] };
    assert.deepEqual(await fetchFromTls({}, { options: own }), output);
  });

  test(`16 of a host that is not registered passes ${policy}, and then there is no UUID`, async () => {
    const connections = [theConnection()];
    assert.equal(
      await lineFrom({ connections }, { options: { policy: [policy] } }),
      'agent controller not registered: HOST wants TLS, but the site knows no UUID of this host; register the host here, or name it with --uuid (REFUSED)',
    );
  });

  test(`plain text of a registered host is refused under ${policy}`, async () => {
    const line = await lineFrom({}, { options: { uuid: [uuid], policy: [policy] } });
    assert.equal(line, `${registered}: HOST answers in plain text (REFUSED)`);
  });

  for (const scheme of [...schemes, '99']) {
    test(`${scheme} of a registered host is refused under ${policy}`, async () => {
      const own = { ...options, uuid: [uuid], policy: [policy] };
      const line = await lineFromStranger(sends(`${scheme}and more`), own);
      assert.equal(line, `${registered}: HOST answers encrypted with a passphrase (REFUSED)`);
    });
  }
}

for (const scheme of [...schemes, '99']) {
  test(`${scheme} of another host is refused under tls_encrypted_only`, async () => {
    const own = { ...options, policy: ['tls_encrypted_only'] };
    const line = await lineFromStranger(sends(`${scheme}and more`), own);
    assert.equal(line, `${enforced}: HOST answers encrypted with a passphrase (REFUSED)`);
  });

  for (const policy of ['any_encrypted', 'any_and_plain']) {
    test(`${scheme} of another host passes under ${policy}`, async () => {
      assert.deepEqual(await fetchEncrypted(scheme, { ...options, policy: [policy] }), output);
    });
  }
}

test('plain text of another host is refused under tls_encrypted_only', async () => {
  const line = await lineFrom({}, { options: { policy: ['tls_encrypted_only'] } });
  assert.equal(line, `${enforced}: HOST answers in plain text (REFUSED)`);
});

test('plain text of another host is refused under any_encrypted', async () => {
  const line = await lineFrom({}, { options: { policy: ['any_encrypted'] } });
  assert.equal(line, `${plaintext}: HOST answers in plain text (REFUSED)`);
});

test('plain text of another host passes under any_and_plain, which is the default', async () => {
  for (const own of [{}, { policy: ['any_and_plain'] }]) {
    await withAgentController({ agent: async () => output }, async ({ port }) => {
      assert.deepEqual((await fetchOutput(`tcp://127.0.0.1:${port}`, own)).output, output);
    });
  }
});

test('a refused answer is not read on: the rest may never come', async () => {
  const line = await lineFromStranger(sendsAndStays('<<'), { policy: ['any_encrypted'] });
  assert.equal(line, `${plaintext}: HOST answers in plain text (REFUSED)`);
});

test('a host of the site may answer without TLS only when treated as unregistered, which is logged', async (t) => {
  const root = await makeTempDir(t);
  const env = await makeOmdRoot(root);
  await register(root, 'web01', uuid);
  const line = await lineFrom({}, { context: makeOpenContext({ env }) });
  assert.equal(line, `${registered}: HOST answers in plain text (REFUSED)`);
  const context = makeOpenContext({ env });
  await withAgentController({ agent: async () => output }, async ({ port }) => {
    const own = { treatAsUnregistered: ['true'] };
    const delivery = await fetchOutput(`tcp://127.0.0.1:${port}`, own, context);
    assert.deepEqual(delivery.output, output);
  });
  const [warning] = context.log.lines;
  assert.equal(
    warning,
    'warn --treat-as-unregistered: hosts need not speak TLS, even where they are registered {}',
  );
});

/** What arrives from an agent that encrypts; 99 is what old Windows agents say for 00. */
async function fetchEncrypted(scheme: string, own: RawOptions): Promise<Buffer> {
  const known = schemes.find((one) => one === scheme) ?? '00';
  const message = await encryptSymmetric(output, known, new Secret(passphrase));
  message.write(scheme);
  return withAgentController({ agent: async () => message }, async ({ port }) => {
    return (await fetchOutput(`tcp://127.0.0.1:${port}`, own)).output;
  });
}
