/** Client certificates: files that are wrong, and peers that refuse late. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseOptions, type RawOptions } from '../../../src/cli/options.ts';
import { readClientCertificate } from '../../../src/web/client-certificate.ts';
import { tlsOptions } from '../../../src/web/tls-options.ts';
import { Authority, lockKey, toPkcs12 } from '../../helpers/certificates.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { startDaemon } from '../../helpers/daemon.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { withHostileServer } from '../../helpers/hostile-server.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, toResponse, writeSecret } from './fetching.ts';

const authority = new Authority();
const server = authority.issueServer({ name: 'localhost' });
const client = authority.issueClient({ name: 'site' });
const stranger = new Authority('nobody').issueClient({ name: 'site' });
let directory: string;
let ca: string;

before(async () => {
  directory = await makeTempDir();
  ca = await write('ca.pem', authority.cert);
});
after(() => removeTempDir(directory));

const write = (name: string, content: string | Buffer) => writeSecret(directory, name, content);

/** Nobody listens there: what is found wrong is found before connecting. */
const ask = (options: RawOptions) => fetchOutput('https://127.0.0.1:9/', { ca: [ca], ...options });

describe('a certificate file', () => {
  test('that is not there is LOCAL', async () => {
    await expectFault(ask({ cert: ['/nonexistent'] }), 'LOCAL', /^reading --cert \/nonexistent: /);
    await expectFault(ask({ ca: ['/nonexistent'] }), 'LOCAL', /^reading --ca \/nonexistent: /);
  });

  test('without a certificate or key is CONFIG', async () => {
    const cert = [await write('client.pem', client.cert)];
    const key = [await write('client.key', client.key)];
    await expectFault(
      ask({ cert: key }),
      'CONFIG',
      /^reading --cert \S+: no certificate in PEM found$/,
    );
    await expectFault(
      ask({ cert }),
      'CONFIG',
      /when there is no --key: no private key in PEM found$/,
    );
    await expectFault(ask({ cert, key: cert }), 'CONFIG', /^reading --key \S+: no private key/);
    await expectFault(
      ask({ ca: key }),
      'CONFIG',
      /^reading --ca \S+: no certificate in PEM found$/,
    );
  });

  test('with a key that belongs to another is CONFIG', async () => {
    const cert = [await write('client.pem', client.cert)];
    const key = [await write('stranger.key', stranger.key)];
    await expectFault(
      ask({ cert, key }),
      'CONFIG',
      /the private key is not that of the certificate$/,
    );
  });

  test('with damaged content is CONFIG', async () => {
    const cert = [await write('damaged.pem', client.cert.replace(/M/g, 'N') + client.key)];
    await expectFault(
      ask({ cert }),
      'CONFIG',
      /^reading \S+damaged.pem: not usable for TLS \(ERR_OSSL_/,
    );
  });
});

test('a file with the private key in it is to be as private as a key by itself', async () => {
  const path = await write('private.pem', client.cert + client.key);
  const options = parseOptions(tlsOptions, { cert: [path] });
  const log = makeCollectingLog();
  await chmod(path, 0o604);
  await readClientCertificate(options, { log, env: {} });
  assert.deepEqual(log.lines, [
    `warn everybody on this machine may read this secret; chmod 600 it { file: '${path}' }`,
  ]);
  await chmod(path, 0o606);
  await expectFault(ask({ cert: [path] }), 'CONFIG', /^others may change \S+private\.pem: /);
});

describe('a locked key', () => {
  test('is CONFIG without the right passphrase', async () => {
    const cert = [await write('client.pem', client.cert)];
    const key = [await write('locked.key', lockKey(client.key, 'right'))];
    await expectFault(
      ask({ cert, key }),
      'CONFIG',
      /passphrase is missing; use --key-password-file or --key-password-id$/,
    );
    const keyPasswordFile = [await write('passphrase', 'wrong')];
    await expectFault(
      ask({ cert, key, keyPasswordFile }),
      'CONFIG',
      /the passphrase of the private key (?:is|may be) wrong$/,
    );
  });

  test('in PKCS#12 is CONFIG, and so is a damaged file; one more key is USAGE', async () => {
    const sealed = toPkcs12(client, 'right');
    const cert = [await write('client.p12', sealed)];
    await expectFault(
      ask({ cert }),
      'CONFIG',
      /passphrase is missing; use --key-password-file or --key-password-id$/,
    );
    const keyPasswordFile = [await write('passphrase', 'wrong')];
    await expectFault(
      ask({ cert, keyPasswordFile }),
      'CONFIG',
      /the passphrase of the private key (?:is|may be) wrong$/,
    );
    const cut = [await write('cut.p12', sealed.subarray(0, 500))];
    await expectFault(ask({ cert: cut }), 'CONFIG', /not a PKCS#12 file, or damaged: "/);
    await expectFault(ask({ cert, key: cert }), 'USAGE', /leave --key out$/);
  });

  test('that is not in the PKCS#12 file is CONFIG', { skip: skipWithout('openssl') }, async () => {
    await write('client.pem', client.cert);
    execFileSync(
      'openssl',
      'pkcs12 -export -nokeys -in client.pem -passout pass: -out bare.p12'.split(' '),
      { cwd: directory, stdio: 'pipe' },
    );
    const cert = [join(directory, 'bare.p12')];
    await expectFault(ask({ cert }), 'CONFIG', /no private key with a certificate$/);
  });
});

describe('a peer that asks for a client certificate', () => {
  test('and hangs up after the handshake is REFUSED', async () => {
    const asking = {
      ...server,
      ca: authority.cert,
      requestCert: true,
      minVersion: 'TLSv1.3',
    } as const;
    const cert = [await write('both.pem', stranger.cert + stranger.key)];
    await withHostileServer(
      (socket) => void socket.end(toResponse('abc')),
      async ({ port }) => {
        const url = `https://localhost:${port}/`;
        await expectFault(fetchOutput(url, { ca: [ca] }), 'REFUSED');
        await expectFault(fetchOutput(url, { ca: [ca], cert }), 'REFUSED');
        const good = [await write('good.pem', client.cert + client.key)];
        await fetchOutput(url, { ca: [ca], cert: good });
      },
      { tls: asking },
    );
  });

  for (const version of ['-tls1_2', '-tls1_3']) {
    const skip = skipWithout('openssl');
    test(`and is openssl s_server ${version} is REFUSED`, { skip }, async () => {
      const port = await findFreePort();
      const own = await write('server.pem', server.cert + server.key);
      const args = `s_server ${version} -www -accept ${port} -cert ${own} -CAfile ${ca} -Verify 1 -verify_return_error`;
      const daemon = await startDaemon('openssl', args.split(' '), { host: '127.0.0.1', port });
      try {
        const url = `https://localhost:${port}/`;
        await expectFault(fetchOutput(url, { ca: [ca] }), 'REFUSED');
        const cert = [await write('both.pem', stranger.cert + stranger.key)];
        await expectFault(fetchOutput(url, { ca: [ca], cert }), 'REFUSED');
      } finally {
        await daemon.stop();
      }
    });
  }

  test('is told apart from one that merely hangs up, which is UNREACHABLE', async () => {
    await withHostileServer(
      (socket) => void socket.end(),
      async ({ port }) => {
        await expectFault(fetchOutput(`https://localhost:${port}/`, { ca: [ca] }), 'UNREACHABLE');
      },
      { tls: server },
    );
  });
});
