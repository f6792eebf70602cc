/** An Agent Controller in TLS mode on the host: whose certificate it shows, and until when. */

import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SiteAuthority } from '../../peers/agent-controller/certificates.ts';
import { theConnection, theSite, uuid, writeSiteFiles } from '../../transports/tcp/site.ts';
import { hostAddress } from './bed.ts';
import { goodOutput } from './both-sides.ts';
import type { NetworkCase, Scene } from './scene.ts';

const program = fileURLToPath(new URL('agent-there.ts', import.meta.url));
const dayMs = 86_400_000;

type Shown = ReturnType<SiteAuthority['issueAgent']>;

async function control({ bed, files }: Scene, shown: Partial<Shown>) {
  const child = bed.start('host', [process.execPath, program]);
  const connection = { ...theConnection(), ...shown };
  child.stdin?.end(JSON.stringify({ output: goodOutput, address: hostAddress, connection }));
  const [said] = child.stdout === null ? [] : await once(child.stdout, 'data');
  const port = String(said).trim();
  const directory = join(files.directory, 'site');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  const options = await writeSiteFiles(directory);
  return { options: { ...options, port: [port] }, host: [`--port=${port}`] };
}

const certificates: readonly (readonly [what: string, code: string, make: () => Partial<Shown>])[] =
  [
    ['a good certificate', 'ok', () => ({})],
    [
      'a certificate that has expired',
      'certificate-expired',
      () => theSite().authority.issueAgent(uuid, { validUntil: new Date(Date.now() - dayMs / 2) }),
    ],
    [
      'a certificate that is not valid yet',
      'certificate-not-yet',
      () => theSite().authority.issueAgent(uuid, { validFrom: new Date(Date.now() + dayMs) }),
    ],
    [
      'a certificate of another site',
      'issuer-other-site',
      () => new SiteAuthority().issueAgent(uuid),
    ],
  ];

export const trustCases = certificates.map(
  ([what, code, make]): NetworkCase => ({
    what,
    alone: code,
    both: code,
    arrange: (scene) => control(scene, make()),
  }),
);
