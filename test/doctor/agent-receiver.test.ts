/** `doctor HOST`: the receiver of the site as hosts see it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { discover } from '../../src/doctor/from-site/discovery.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { SiteAuthority } from '../peers/agent-controller/certificates.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { noteReport } from './named-cause.ts';

const site = new SiteAuthority('mysite');
const dayMs = 86_400_000;

async function serve(t: TestContext, answer: RequestListener, pem?: string): Promise<number> {
  const tls = pem === undefined ? undefined : { key: pem, cert: pem };
  const server = tls === undefined ? createPlainServer(answer) : createServer(tls, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function lookAt(t: TestContext, pem: string | undefined, what: string, wanted: string) {
  const { root, env } = await makeSiteTree(t);
  const port = await serve(t, (_, response) => response.end(), pem);
  const settings = `CONFIG_AGENT_RECEIVER='on'\nCONFIG_AGENT_RECEIVER_PORT='${port}'\n`;
  await writeFile(join(root, 'etc/omd/site.conf'), settings);
  await mkdir(join(root, 'etc/ssl'), { recursive: true });
  await writeFile(join(root, 'etc/ssl/ca.pem'), site.cert);
  const context = { ...makeCommandContext(), env, clock: systemClock };
  const options = { address: ['127.0.0.1'], json: ['true'], only: ['receiver-port'] };
  await doctor.run({ operands: ['web01'], options }, context);
  const document = JSON.parse(context.said.output);
  noteReport(`a receiver: ${what}`, 'site', wanted, document);
  const [step] = document.steps;
  const text = String(step.text).replace(String(port), 'PORT');
  return [step.code, text, step.raw_error];
}

test('a certificate that hosts accept', async (t) => {
  const text = 'listens on port PORT, hosts accept its certificate';
  assert.deepEqual(await lookAt(t, site.issueSite('mysite'), 'a good certificate', 'ok'), [
    null,
    text,
    null,
  ]);
});

const refused = 'hosts refuse the certificate on port PORT';
const wrong: readonly (readonly [what: string, pem: () => string, objection: RegExp])[] = [
  [
    'that has expired',
    () => site.issueSite('mysite', { validUntil: new Date(Date.now() - dayMs / 2) }),
    /^it expired at /,
  ],
  [
    'that is not valid yet',
    () => site.issueSite('mysite', { validFrom: new Date(Date.now() + dayMs) }),
    /^it is not valid before /,
  ],
  [
    'whose name is not among its names',
    () => site.issueSite('mysite', { dnsNames: ['other'] }),
    /^its common name "mysite" is not among its alternative names$/,
  ],
  [
    'of another authority',
    () => new SiteAuthority('mysite').issueSite('mysite'),
    /^it does not lead to the root certificate$/,
  ],
];

for (const [what, makePem, objection] of wrong) {
  test(`a certificate ${what}`, async (t) => {
    const [code, text, said] = await lookAt(
      t,
      makePem(),
      `a certificate ${what}`,
      'receiver-certificate',
    );
    assert.deepEqual([code, text], ['receiver-certificate', refused]);
    assert.match(String(said), objection);
  });
}

test('what speaks no TLS is no receiver', async (t) => {
  const text = 'what listens on port PORT speaks no TLS';
  assert.deepEqual(await lookAt(t, undefined, 'without TLS', 'receiver-unreachable'), [
    'receiver-unreachable',
    text,
    null,
  ]);
});

test('the port is discovered over HTTPS, else over HTTP', async (t) => {
  const path = '/mysite/check_mk/api/1.0/domain-types/internal/actions/discover-receiver/invoke';
  const tells: RequestListener = ({ url }, response) => response.end(url === path ? '8000' : 'no');
  const lost: RequestListener = (_, response) => response.writeHead(404).end('<html>');
  const pem = site.issueSite('mysite');
  const nobody = await findFreePort();
  const find = async (https: number, http: number, receiverPort = 8000) => {
    const wanted = { site: 'mysite', receiverPort, ports: { https, http } };
    const { code, text } = await discover(wanted, neverAborts);
    return [code, text];
  };
  const [good, plain] = [await serve(t, tells, pem), await serve(t, tells)];
  const [bad, badPlain] = [await serve(t, lost, pem), await serve(t, lost)];
  assert.deepEqual(await find(good, nobody), [undefined, 'port 8000, over https']);
  assert.deepEqual(await find(bad, plain), [undefined, 'port 8000, over http']);
  assert.deepEqual(await find(good, nobody, 8001), [
    'discovery-fails',
    'hosts are told port 8000, and it is 8001',
  ]);
  const none = 'no port is told to hosts that ask for it';
  assert.deepEqual(await find(bad, badPlain), ['discovery-fails', none]);
  const unseen = 'no web server here; hosts ask the one that they reach';
  assert.deepEqual(await find(nobody, nobody), [undefined, unseen]);
});
