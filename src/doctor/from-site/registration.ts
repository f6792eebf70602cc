/** Who the host is to this site: its UUID, and who else has it. */

import { basename, join } from 'node:path';
import { readDirectory, readLink } from '../../files/file-calls.ts';
import { findRegistration } from '../../transports/tcp/known-host.ts';
import { outsideSite, type Scene, type SiteFinding } from './scene.ts';

export async function lookAtRegistration(scene: Scene): Promise<SiteFinding> {
  const { host, tcp, context } = scene;
  const root = context.env['OMD_ROOT'];
  const isNamed = tcp.uuid !== undefined || tcp.receiverState !== undefined;
  if (!root && !isNamed) {
    return outsideSite;
  }
  const registration = await findRegistration(host, tcp, context.env);
  if (registration === undefined) return { status: 'ok', text: 'not registered', source: 'state' };
  const { uuid } = registration;
  const others = root ? await findOthers(uuid, host, root) : [];
  const facts = { uuid, others };
  const learned = { registration };
  if (others.length > 0) {
    const text = `${uuid} is also that of ${others.join(', ')}`;
    return { status: 'warning', code: 'trust-taken-over', text, facts, learned, source: 'state' };
  }
  return { status: 'ok', text: `UUID ${uuid}`, facts, learned, source: 'state' };
}

/** More are not told. */
const mostOthers = 5;

/** Hosts with the same UUID: the trust went over when a host was registered again by another name. */
async function findOthers(uuid: string, host: string, root: string): Promise<readonly string[]> {
  const directory = join(root, 'var/agent-receiver/uuid-lookup');
  const names = await readDirectory(directory).catch(() => []);
  const links = await Promise.all(
    names.map(async (name) => ({
      name,
      text: await readLink(join(directory, name)).catch(() => ''),
    })),
  );
  const same = links.filter(({ name, text }) => name !== host && basename(text) === uuid);
  return same.map(({ name }) => name).slice(0, mostOthers);
}
