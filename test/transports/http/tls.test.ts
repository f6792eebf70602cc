/** A real nginx over TLS: whom we trust, and who trusts us. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import {
  Authority,
  issueSelfSigned,
  type KeyAndCertificate,
  lockKey,
  publicKeyOf,
  toPkcs12,
} from '../../helpers/certificates.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { type Nginx, startNginx } from '../../helpers/nginx.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { fetchOutput, writeSecret } from './fetching.ts';

const passphrase = 'correct horse';
const dayMs = 86_400_000;
const authority = new Authority();
const clients = new Authority('client authority');
const certificates = {
  good: authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] }),
  named: authority.issueServer({ name: 'depot.example' }),
  expired: authority.issueServer({
    name: 'localhost',
    validFrom: new Date(Date.now() - 3 * dayMs),
    validUntil: new Date(Date.now() - dayMs),
  }),
  future: authority.issueServer({ name: 'localhost', validFrom: new Date(Date.now() + dayMs) }),
  lonely: issueSelfSigned({ name: 'localhost' }),
} as const;
const client = clients.issueClient({ name: 'site' });
const stranger = new Authority('nobody').issueClient({ name: 'site' });

type Name = keyof typeof certificates | 'tls12' | 'tls13' | 'tls11' | 'mutual' | 'mutual12';

const extra: Readonly<Partial<Record<Name, string>>> = {
  tls12: 'ssl_protocols TLSv1.2;',
  tls13: 'ssl_protocols TLSv1.3;',
  tls11: 'ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;',
  mutual: 'ssl_client_certificate clients.pem; ssl_verify_client on;',
  mutual12: 'ssl_client_certificate clients.pem; ssl_verify_client on; ssl_protocols TLSv1.2;',
};

const names: readonly Name[] = [
  'good',
  'named',
  'expired',
  'future',
  'lonely',
  'tls12',
  'tls13',
  'tls11',
  'mutual',
  'mutual12',
];

function toServer(name: Name, port: number): string {
  const certificate = Object.hasOwn(certificates, name) ? name : 'good';
  return `server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certificate}.pem;
    ssl_certificate_key ${certificate}.key;
    ${extra[name] ?? ''}
    location / { return 200 "$ssl_protocol|$ssl_client_s_dn|$ssl_server_name"; }
  }`;
}

const skip = skipWithout('nginx');

let directory: string;
let nginx: Nginx;
let trusting: RawOptions;
const ports = new Map<Name, number>();

const write = (name: string, content: string | Buffer) => writeSecret(directory, name, content);
const url = (name: Name, host = 'localhost') => `https://${host}:${ports.get(name)}/`;
const ask = async (uri: string, options: RawOptions = {}) =>
  String((await fetchOutput(uri, { ...trusting, ...options })).output);

before(async () => {
  if (skip) return;
  directory = await makeTempDir();
  for (const name of names) ports.set(name, await findFreePort());
  for (const [name, { cert, key }] of Object.entries<KeyAndCertificate>(certificates)) {
    await write(`${name}.pem`, cert);
    await write(`${name}.key`, key);
  }
  trusting = { ca: [await write('ca.pem', authority.cert)] };
  await write('clients.pem', clients.cert);
  const servers = [...ports].map(([name, port]) => toServer(name, port));
  nginx = await startNginx(directory, servers.join('\n'));
});
after(async () => {
  if (skip) return;
  await nginx.stop();
  await removeTempDir(directory);
});

describe('the protocol', { skip }, () => {
  test('may be TLS 1.2 or 1.3', async () => {
    assert.match(await ask(url('tls12')), /^TLSv1.2\|/);
    assert.match(await ask(url('tls13')), /^TLSv1.3\|/);
  });

  test('may not be TLS 1.1', async () => {
    await expectFault(ask(url('tls11')), 'REFUSED', /^connecting to localhost:\d+: TLS: /);
  });
});

const otherName =
  /: the certificate is for another name \((?:depot\.example|localhost, 127\.0\.0\.1)\)$/;

describe('trust', { skip }, () => {
  test('is in --ca alone when it is given', async () => {
    await ask(url('good'));
    const ca = [await write('other.pem', clients.cert)];
    await expectFault(
      ask(url('good'), { ca }),
      'REFUSED',
      /^connecting to localhost:\d+: the certificate authority is not trusted$/,
    );
  });

  test('is in what SSL_CERT_FILE names', async () => {
    const context = makeOpenContext({ env: { SSL_CERT_FILE: join(directory, 'ca.pem') } });
    await fetchOutput(url('good'), {}, context);
  });

  test('is in the authorities of the site, and in those of the system', async () => {
    const site = join(directory, 'site');
    await mkdir(join(site, 'var/ssl'), { recursive: true });
    const env = { OMD_ROOT: site };
    await expectFault(fetchOutput(url('good'), {}, makeOpenContext({ env })), 'REFUSED');
    await write('site/var/ssl/ca-certificates.crt', authority.cert);
    await fetchOutput(url('good'), {}, makeOpenContext({ env }));
    const without = fetchOutput(url('good'), {}, makeOpenContext());
    await expectFault(without, 'REFUSED', /the certificate authority is not trusted$/);
  });

  test('is refused to an expired, a future and a self-signed certificate', async () => {
    await expectFault(ask(url('expired')), 'REFUSED', /the certificate has expired$/);
    await expectFault(ask(url('future')), 'REFUSED', /the certificate is not valid yet$/);
    await expectFault(ask(url('lonely')), 'REFUSED', /self-signed and not trusted$/);
  });

  test('may be in a self-signed certificate itself', async () => {
    await ask(url('lonely'), { ca: [join(directory, 'lonely.pem')] });
  });

  test('is refused under another name or address', async () => {
    await expectFault(ask(url('named')), 'REFUSED', otherName);
    await ask(url('good', '127.0.0.1'));
    await expectFault(ask(url('named', '127.0.0.1')), 'REFUSED', otherName);
  });

  test('is given to the name of --tls-server-name, which the peer is told', async () => {
    const tlsServerName = ['depot.example'];
    assert.match(await ask(url('named'), { tlsServerName }), /\|depot.example$/);
    await expectFault(ask(url('good'), { tlsServerName }), 'REFUSED', otherName);
  });

  test('is given to anybody by --insecure, and the log names it', async () => {
    for (const name of ['lonely', 'expired', 'named'] as const) {
      const context = makeOpenContext();
      await fetchOutput(url(name), { insecure: ['true'] }, context);
      assert.match(
        context.log.lines.join('\n'),
        /^warn --insecure: the certificate of the peer is not checked /m,
      );
    }
  });
});

test('SSL_CERT_FILE that names no such file is a fault, not trust in others', {
  skip,
}, async () => {
  const missing = join(directory, 'mistyped.pem');
  const context = makeOpenContext({ env: { SSL_CERT_FILE: missing } });
  await expectFault(
    fetchOutput(url('good'), {}, context),
    'LOCAL',
    new RegExp(`^reading SSL_CERT_FILE ${missing}: no such file or directory$`),
  );
});

describe('a pin', { skip }, () => {
  const digest = createHash('sha256').update(publicKeyOf(certificates.good.cert));
  const pin = digest.digest();
  const other = createHash('sha256').update('another key').digest('hex');

  test('lets the right key pass, in base64 and hex, one of several', async () => {
    await ask(url('good'), { tlsPin: [`sha256:${pin.toString('base64')}`] });
    await ask(url('good'), { tlsPin: [`sha256:${other}`, `sha256:${pin.toString('hex')}`] });
  });

  test('is what the README computes with openssl', { skip: skipWithout('openssl') }, async () => {
    const computed = execFileSync('sh', [
      '-c',
      `openssl x509 -in ${directory}/good.pem -pubkey -noout |
        openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | openssl base64`,
    ]);
    await ask(url('good'), { tlsPin: [`sha256:${String(computed).trim()}`] });
  });

  test('refuses every other key and says which one it met', async () => {
    const escaped = pin.toString('base64').replace(/[+/]/g, '\\$&');
    await expectFault(
      ask(url('good'), { tlsPin: [`sha256:${other}`] }),
      'REFUSED',
      new RegExp(`not the pinned one; it is sha256:${escaped}$`),
    );
  });

  test('does not take the place of trust', async () => {
    const lonely = createHash('sha256').update(publicKeyOf(certificates.lonely.cert));
    const tlsPin = [`sha256:${lonely.digest('hex')}`];
    await expectFault(ask(url('lonely'), { tlsPin }), 'REFUSED', /self-signed/);
    await fetchOutput(url('lonely'), { tlsPin, insecure: ['true'] });
    const wrong = { tlsPin: [`sha256:${other}`], insecure: ['true'] };
    await expectFault(fetchOutput(url('lonely'), wrong), 'REFUSED', /not the pinned one/);
  });
});

describe('a client certificate', { skip }, () => {
  const mutual = ['mutual', 'mutual12'] as const;

  const accepted = async (options: RawOptions) => {
    for (const name of mutual) assert.match(await ask(url(name), options), /\|CN=site\|/);
  };

  test('is shown in PEM, its key apart, in the same file, or locked', async () => {
    const cert = [await write('client.pem', client.cert)];
    await accepted({ cert, key: [await write('client.key', client.key)] });
    await accepted({ cert: [await write('both.pem', client.cert + client.key)] });
    await accepted({
      cert,
      key: [await write('locked.key', lockKey(client.key, passphrase))],
      keyPasswordFile: [await write('passphrase', `${passphrase}\n`)],
    });
  });

  test('is shown from PKCS#12, with a passphrase and without', async () => {
    await accepted({ cert: [await write('open.p12', toPkcs12(client, ''))] });
    await accepted({
      cert: [await write('no-suffix', toPkcs12(client, passphrase))],
      keyPasswordFile: [await write('passphrase', passphrase)],
    });
  });

  test('is shown from what openssl writes, RSA or EC', {
    skip: skipWithout('openssl'),
  }, async () => {
    const keyPasswordFile = [await write('passphrase', passphrase)];
    const files = await makeWithOpenssl();
    for (const cert of files) await accepted({ cert: [cert], keyPasswordFile });
  });

  test('that is missing is PEER with what nginx says about it', async () => {
    for (const name of mutual) {
      await expectFault(
        ask(url(name)),
        'PEER',
        /answered 400 "Bad Request", saying "400 No required SSL certificate was sent"$/,
      );
    }
  });

  test('of another authority is PEER with what nginx says about it', async () => {
    const cert = [await write('stranger.pem', stranger.cert + stranger.key)];
    for (const name of mutual) {
      await expectFault(
        ask(url(name), { cert }),
        'PEER',
        /answered 400 "Bad Request", saying "400 The SSL certificate error"$/,
      );
    }
  });
});

/** PKCS#12 files of openssl's own making: as usual, as it once did, and with a key on a curve. */
async function makeWithOpenssl(): Promise<readonly string[]> {
  await write('made.pem', client.cert + client.key);
  await write('authority.pem', clients.cert + clients.key);
  const script = `set -e
    seal() { openssl pkcs12 -export -passout 'pass:${passphrase}' "$@"; }
    seal -in made.pem -out modern.p12
    seal -in made.pem -legacy -out old.p12
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key \\
      -subj /CN=site -out ec.csr
    openssl x509 -req -in ec.csr -CA authority.pem -CAkey authority.pem -CAcreateserial -out ec.pem
    seal -in ec.pem -inkey ec.key -certfile clients.pem -out ec.p12`;
  execFileSync('sh', ['-c', script], { cwd: directory, stdio: 'pipe' });
  return ['modern.p12', 'old.p12', 'ec.p12'].map((name) => join(directory, name));
}
