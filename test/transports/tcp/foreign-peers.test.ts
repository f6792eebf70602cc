/** Peers that nobody here wrote: socat serves our smallest agent, openssl speaks TLS. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RawOptions } from '../../../src/cli/options.ts';
import { startDaemon } from '../../helpers/daemon.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { SiteAuthority } from '../../peers/agent-controller/certificates.ts';
import { toFrame } from '../../peers/agent-controller/frame.ts';
import { output } from './agents.ts';
import { theConnection, theSite, uuid, writeSiteFiles } from './site.ts';
import { fetchOutput, lineOf, writeSecret } from './sources.ts';

const agent = fileURLToPath(new URL('../../../agents/host/courier-agent', import.meta.url));
const skip = skipWithout('socat') || skipWithout('openssl');

/** Serves what a shell script writes, for each connection anew; resolves with the port. */
async function serveScript(t: TestContext, lines: readonly string[]): Promise<number> {
  const script = join(await makeTempDir(t), 'serve');
  await writeFile(script, `#!/bin/sh\n${lines.join('\n')}\n`);
  await chmod(script, 0o755);
  const port = await findFreePort();
  const listening = `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`;
  const host = '127.0.0.1';
  const daemon = await startDaemon('socat', [listening, `EXEC:${script}`], { host, port });
  t.after(() => daemon.stop());
  return port;
}

function assertAgentOutput(bytes: Buffer): void {
  assert.match(String(bytes), /^<<<check_mk>>>\nVersion: /);
  assert.match(String(bytes), /\n<<<[a-z]\w+[:>]/);
}

describe('socat', { skip }, () => {
  test('serves the output of courier-agent in plain text', async (t) => {
    const port = await serveScript(t, [`exec ${agent}`]);
    assertAgentOutput((await fetchOutput(`tcp://127.0.0.1:${port}`)).output);
  });

  const encryptions = {
    '00': '-md md5 -nosalt',
    '02': '-md sha256 -nosalt',
    '03': '-md sha256 -iter 10000',
  };
  for (const [scheme, how] of Object.entries(encryptions)) {
    test(`serves it through openssl enc, scheme ${scheme}`, async (t) => {
      const file = await writeSecret(await makeTempDir(t), 'passphrase', 'zażółć-ß secret');
      const port = await serveScript(t, [
        `printf ${scheme}`,
        `${agent} | openssl enc -aes-256-cbc ${how} -pass file:${file} 2>/dev/null`,
      ]);
      const options = { passphraseFile: [file], policy: ['any_encrypted'] };
      assertAgentOutput((await fetchOutput(`tcp://127.0.0.1:${port}`, options)).output);
    });
  }
});

/**
 * An `openssl s_server` that wants a client certificate and sends one frame to whoever connects,
 * behind a socat that sends `16` first.
 */
async function serveTls(
  t: TestContext,
  more: readonly string[],
  rootCert: string,
): Promise<number> {
  const directory = await makeTempDir(t);
  const write = (name: string, text: string | Buffer) => writeFile(join(directory, name), text);
  await write('agent.pem', theConnection().key + theConnection().cert);
  await write('root.pem', rootCert);
  await write('frame', toFrame(output));
  const tlsPort = await findFreePort();
  const server = `timeout 30 openssl s_server -accept 127.0.0.1:${tlsPort} -naccept 1 -cert agent.pem -key agent.pem -CAfile root.pem -Verify 1 ${more.join(' ')}`;
  const port = await serveScript(t, [
    `cd ${directory}`,
    // The first connection only asks whether anybody listens.
    'mkdir asked 2>/dev/null && exit',
    // Its end of file is the end of what it sends, so it comes when all has been taken.
    `{ cat frame; sleep 1; } | ${server} >server.log 2>&1 &`,
    'until grep -q ACCEPT server.log; do sleep 0.05; done',
    'printf 16',
    `socat - TCP:127.0.0.1:${tlsPort}`,
  ]);
  await waitUntil(() => existsSync(join(directory, 'asked')));
  return port;
}

describe('openssl s_server behind a relay that sends 16 first', { skip }, () => {
  const fetchWith = async (t: TestContext, port: number, sitePem?: string) => {
    const options: RawOptions = await writeSiteFiles(await makeTempDir(t), sitePem);
    return fetchOutput(`tcp://127.0.0.1:${port}`, { ...options, uuid: [uuid] });
  };

  for (const version of ['-tls1_2', '-tls1_3']) {
    test(`takes our certificate and sends its frame (${version})`, async (t) => {
      const port = await serveTls(t, [version], theSite().authority.cert);
      assert.deepEqual((await fetchWith(t, port)).output, output);
    });

    test(`refuses a certificate of another site with an alert (${version})`, async (t) => {
      const more = [version, '-verify_return_error'];
      const port = await serveTls(t, more, theSite().authority.cert);
      const stranger = new SiteAuthority('other').issueSite();
      const line = await lineOf(fetchWith(t, port, stranger));
      const words = version === '-tls1_3' ? 'tls(?:v1|v13)? ?alert' : 'tlsv1 alert';
      assert.match(
        line,
        new RegExp(
          `^error establishing TLS connection to 127\\.0\\.0\\.1:${port}: TLS: ${words} unknown ca; the controller does not accept this site's certificate: the host is registered with another one, or one of the clocks is wrong \\(REFUSED\\)$`,
        ),
      );
    });
  }

  test('refuses an expired certificate of the site', async (t) => {
    const { authority } = theSite();
    const validUntil = new Date(Date.now() - 1000);
    const port = await serveTls(t, ['-verify_return_error'], authority.cert);
    const line = await lineOf(fetchWith(t, port, authority.issueSite('test', { validUntil })));
    assert.match(
      line,
      /: TLS: .*alert certificate expired; the controller does not accept this site's certificate: it has expired \(REFUSED\)$/,
    );
  });
});
