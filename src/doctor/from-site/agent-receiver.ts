/** The receiver of the site: switched on, listening, and with a certificate that hosts accept. */

import { join } from 'node:path';
import { connect } from 'node:tls';
import { findControllerObjection } from '../../certs/controller-rule.ts';
import { findCertificateDirectory } from '../../certs/directory.ts';
import { readPemBlocks, toPem } from '../../certs/pem.ts';
import { CourierError } from '../../faults/errors.ts';
import { readWholeFile } from '../../files/file-calls.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { waitFor } from '../../system/waiting.ts';
import { connectTo } from '../../transports/tcp/connecting.ts';
import { parseAgentPlace } from '../../transports/tcp/place.ts';
import { toFault } from './port.ts';
import { outsideSite, type Scene, type SiteFinding } from './scene.ts';

const connectMs = 2000;

/** `omd config` keeps its settings there (agent-receiver.md). */
export async function lookAtReceiver(
  scene: Scene,
  _: unknown,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const root = scene.context.env['OMD_ROOT'];
  if (!root) return outsideSite;
  const settings = await readWholeFile(join(root, 'etc/omd/site.conf'), 'utf8');
  const [, isOn] = /^CONFIG_AGENT_RECEIVER='?(\w+)/m.exec(settings) ?? [];
  const [, digits = '8000'] = /^CONFIG_AGENT_RECEIVER_PORT='?(\d+)/m.exec(settings) ?? [];
  if (isOn === 'off') {
    return { status: 'warning', code: 'receiver-off', text: 'switched off', source: 'state' };
  }
  if (isOn === undefined) return { status: 'unknown', text: 'omd config does not tell of it' };
  const port = Number(digits);
  const chain = await showChain(port, signal).catch((error: unknown) => toFault(error, signal));
  if (chain instanceof CourierError) {
    const text = `does not answer on port ${port}`;
    return { status: 'warning', code: 'receiver-unreachable', text, rawError: chain.message };
  }
  const learned = { receiverPort: port };
  return { ...judge(chain, await readRoots(scene, root), scene, port), learned };
}

/** The certificates that hosts are shown, the server's own first; none where no TLS is spoken. */
async function showChain(port: number, signal: AbortSignal): Promise<readonly Buffer[]> {
  const plain = await connectTo(parseAgentPlace(`127.0.0.1:${port}`), connectMs, signal);
  // Whom it belongs to is judged by the rule of the controller, not by that of a browser.
  const socket = connect({ socket: plain, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  try {
    const limit = { timeoutMs: connectMs, tooSlow: 'no handshake' };
    await withTimeLimit(limit, signal, (limited) =>
      waitFor<void>(socket, limited, (resolve) => ({ secureConnect: () => resolve() })),
    );
    return unroll(socket.getPeerCertificate(true));
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  } finally {
    socket.destroy();
    plain.destroy();
  }
}

interface Link {
  readonly raw?: Buffer;
  readonly issuerCertificate?: Link;
}

const longestChain = 8;

function unroll(first: Link): readonly Buffer[] {
  const chain: Buffer[] = [];
  for (let at: Link | undefined = first; at?.raw !== undefined; at = at.issuerCertificate) {
    const { raw } = at;
    // The last one is its own issuer.
    if (chain.length === longestChain || chain.some((known) => known.equals(raw))) break;
    chain.push(raw);
  }
  return chain;
}

/** What hosts get at their registration: from the site, or from our receiver in its place. */
async function readRoots({ context: { env } }: Scene, root: string): Promise<readonly string[]> {
  const own = join(findCertificateDirectory(undefined, env), 'ca.pem');
  const texts = await Promise.all(
    [join(root, 'etc/ssl/ca.pem'), own].map((path) =>
      readWholeFile(path, 'latin1').catch(() => ''),
    ),
  );
  return texts.flatMap((text) => {
    const found = readPemBlocks(text).find(({ label }) => label === 'CERTIFICATE');
    return found === undefined ? [] : [found.pem];
  });
}

function judge(
  chain: readonly Buffer[],
  roots: readonly string[],
  { context: { clock } }: Scene,
  port: number,
): SiteFinding {
  if (chain.length === 0) {
    const text = `what listens on port ${port} speaks no TLS`;
    return { status: 'warning', code: 'receiver-unreachable', text };
  }
  const now = new Date(clock.now());
  const shown = chain.map((der) => toPem('CERTIFICATE', der)).join('');
  const objections = roots.map((root) => findControllerObjection(shown, root, now));
  const text = `listens on port ${port}`;
  if (objections.length === 0) {
    const unread = `${text}; the root that hosts have cannot be read`;
    return { status: 'ok', text: unread, facts: { port } };
  }
  const objection = objections.includes(undefined) ? undefined : objections[0];
  if (objection === undefined) {
    return { status: 'ok', text: `${text}, hosts accept its certificate`, facts: { port } };
  }
  const told = `hosts refuse the certificate on port ${port}`;
  const facts = { port };
  return {
    status: 'warning',
    code: 'receiver-certificate',
    text: told,
    rawError: objection,
    facts,
  };
}
