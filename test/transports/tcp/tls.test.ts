/** TLS with an Agent Controller that behaves, and with one whose certificate does not fit. */

import assert from 'node:assert/strict';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { SiteAuthority } from '../../peers/agent-controller/certificates.ts';
import type { ControllerSettings } from '../../peers/agent-controller.ts';
import { fetchFromTls, lineFrom, output } from './agents.ts';
import { makeOmdRoot, register, theConnection, theSite, uuid, writeSiteFiles } from './site.ts';
import { writeSecret } from './sources.ts';

const dayMs = 86_400_000;
const otherUuid = '11111111-2222-4333-8444-555555555555';
const failing = 'error establishing TLS connection to HOST';

let directory: string;
let options: RawOptions;
before(async () => {
  directory = await makeTempDir();
  options = await writeSiteFiles(directory);
});
after(() => removeTempDir(directory));

/** The line of a fetch from a controller with the registration of web01. */
function lineFromTls(settings: Partial<ControllerSettings> = {}, own = options): Promise<string> {
  return lineFrom({ connections: [theConnection()], ...settings }, { options: own });
}

describe('a controller that knows us', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const versions = { minVersion: version, maxVersion: version };
    test(`delivers over ${version}`, async () => {
      assert.deepEqual(await fetchFromTls({ versions }, { options }), output);
    });

    test(`delivers over ${version} without a close_notify`, async () => {
      const settings = { versions, deviations: { endsAbruptly: true } };
      assert.deepEqual(await fetchFromTls(settings, { options }), output);
    });

    test(`delivers megabytes over ${version}`, async () => {
      const much = Buffer.concat([output, Buffer.alloc(20_000_000, 'some more\n')]);
      const settings = { versions, agent: async () => much };
      assert.ok(much.equals(await fetchFromTls(settings, { options })));
    });
  }

  test('gets the UUID as server name, in lower case', async () => {
    const own = { ...options, uuid: [uuid.toUpperCase()] };
    await fetchFromTls({}, { options: own }, ({ serverNames }) => {
      assert.deepEqual(serverNames, [uuid]);
    });
  });

  test('sends its marker in two segments', async () => {
    const deviations: ControllerSettings['deviations'] = {
      sendMarker: (socket, next) => {
        socket.setNoDelay(true).write('1', () => setTimeout(() => socket.write('6', next), 50));
      },
    };
    assert.deepEqual(await fetchFromTls({ deviations }, { options }), output);
  });

  test('waits for a slow agent after the handshake', async () => {
    const agent = () =>
      new Promise<Buffer>((resolve) => {
        setTimeout(() => resolve(output), 300);
      });
    const own = { ...options, handshakeTimeout: ['5s'] };
    assert.deepEqual(await fetchFromTls({ agent }, { options: own }), output);
  });

  test('is found by the files and the lookup directory of the site', async (t) => {
    const root = await makeTempDir(t);
    const env = await makeOmdRoot(root);
    await register(root, 'web01', uuid);
    assert.deepEqual(await fetchFromTls({}, { context: makeOpenContext({ env }) }), output);
  });
});

describe('the certificate of the agent', () => {
  const { authority } = theSite();
  const withCertificate = (own: { cert: string; key: string }) =>
    lineFromTls({ connections: [{ uuid, rootCert: authority.cert, ...own }] });

  test('is for another UUID', async () => {
    assert.equal(
      await withCertificate(authority.issueAgent(uuid, {}, otherUuid)),
      `${failing}: the certificate is for another name (${otherUuid}); another host answers there, or this one was registered anew (REFUSED)`,
    );
  });

  test('has the UUID only as common name', async () => {
    assert.equal(
      await withCertificate(authority.issue({ commonNames: [uuid], dnsNames: ['localhost'] })),
      `${failing}: the certificate is for another name (localhost); another host answers there, or this one was registered anew (REFUSED)`,
    );
  });

  test('has expired', async () => {
    const validUntil = new Date(Date.now() - dayMs / 2);
    assert.equal(
      await withCertificate(authority.issueAgent(uuid, { validUntil })),
      `${failing}: the certificate has expired; compare the clocks of both sides (REFUSED)`,
    );
  });

  test('is not valid yet', async () => {
    const validFrom = new Date(Date.now() + dayMs);
    assert.equal(
      await withCertificate(authority.issueAgent(uuid, { validFrom })),
      `${failing}: the certificate is not valid yet; compare the clocks of both sides (REFUSED)`,
    );
  });

  test('comes from another authority', async () => {
    assert.equal(
      await withCertificate(new SiteAuthority('other').issueAgent(uuid)),
      `${failing}: the certificate authority is not trusted; the host is registered with another site, or the trust store is old (REFUSED)`,
    );
  });
});

describe('the files of the site', () => {
  test('the trust store is missing: nobody else is trusted in its place', async (t) => {
    const root = await makeTempDir(t);
    const env = await makeOmdRoot(root);
    await register(root, 'web01', uuid);
    const store = join(root, 'etc/ssl/agent_cert_store.pem');
    await unlink(store);
    const context = makeOpenContext({ env });
    assert.equal(
      await lineFrom({ connections: [theConnection()] }, { context }),
      `${failing}: reading --agent-ca ${store}: no such file or directory (LOCAL)`,
    );
  });

  test('the trust store is empty', async () => {
    const agentCa = await writeSecret(directory, 'empty.pem', '');
    assert.equal(
      await lineFromTls({}, { ...options, agentCa: [agentCa] }),
      `${failing}: reading --agent-ca ${agentCa}: no certificate in PEM found (CONFIG)`,
    );
  });

  test('the certificate of the site is missing', async () => {
    assert.equal(
      await lineFromTls({}, { ...options, siteCert: ['/nowhere/test.pem'] }),
      `${failing}: reading --site-cert /nowhere/test.pem: no such file or directory (LOCAL)`,
    );
  });

  test('the certificate of the site has no key, or that of another', async () => {
    const { authority, sitePem } = theSite();
    const siteCert = join(directory, 'broken.pem');
    const own = { ...options, siteCert: [siteCert] };
    await writeFile(siteCert, authority.cert, { mode: 0o600 });
    assert.equal(
      await lineFromTls({}, own),
      `${failing}: reading --site-cert ${siteCert}: no private key in PEM found (CONFIG)`,
    );
    const [strangeKey = ''] = new SiteAuthority('other').issueSite().split('-----BEGIN CERT');
    await writeFile(siteCert, strangeKey + sitePem.replace(/^[\s\S]*?(?=-----BEGIN CERT)/, ''));
    assert.equal(
      await lineFromTls({}, own),
      `${failing}: reading --site-cert ${siteCert}: the private key is not that of the certificate (CONFIG)`,
    );
  });
});

test('outside of a site both have to be named', async () => {
  assert.equal(
    await lineFromTls({}, { uuid: [uuid] }),
    `${failing}: --site-cert is missing, and there is no $OMD_ROOT and $OMD_SITE to find it by (USAGE)`,
  );
  const { siteCert = [] } = options;
  assert.equal(
    await lineFromTls({}, { uuid: [uuid], siteCert }),
    `${failing}: --agent-ca is missing, and there is no $OMD_ROOT to find it by (USAGE)`,
  );
});
