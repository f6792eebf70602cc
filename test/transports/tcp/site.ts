/** A site with its certificates, and hosts registered with it, for tests. */

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { SiteAuthority } from '../../peers/agent-controller/certificates.ts';
import type { PullConnection } from '../../peers/agent-controller.ts';

export const uuid = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

/** Certificates are slow to make; these are made once for a test file, when first needed. */
let made: { readonly authority: SiteAuthority; readonly sitePem: string } | undefined;

export function theSite() {
  made ??= makeSite();
  return made;
}

function makeSite() {
  const authority = new SiteAuthority();
  return { authority, sitePem: authority.issueSite() };
}

let connection: PullConnection | undefined;

/** What the controller of web01 holds after it was registered with the site. */
export function theConnection(): PullConnection {
  const { authority } = theSite();
  connection ??= { uuid, rootCert: authority.cert, ...authority.issueAgent(uuid) };
  return connection;
}

/** Options that name the site's files, written into `directory`, and the UUID of web01. */
export async function writeSiteFiles(
  directory: string,
  sitePem = theSite().sitePem,
  agentCa = theSite().authority.cert,
): Promise<RawOptions> {
  const [siteCert, store] = [join(directory, 'site.pem'), join(directory, 'store.pem')];
  await writeFile(siteCert, sitePem, { mode: 0o660 });
  await writeFile(store, agentCa);
  return { uuid: [uuid], siteCert: [siteCert], agentCa: [store] };
}

/** The same as a site has them: `$OMD_ROOT` with the files in their places, and `$OMD_SITE`. */
export async function makeOmdRoot(directory: string): Promise<Record<string, string>> {
  await mkdir(join(directory, 'etc/ssl/sites'), { recursive: true });
  await writeFile(join(directory, 'etc/ssl/sites/test.pem'), theSite().sitePem, { mode: 0o660 });
  await writeFile(join(directory, 'etc/ssl/agent_cert_store.pem'), theSite().authority.cert);
  return { OMD_ROOT: directory, OMD_SITE: 'test' };
}

/** Registers a host as the newest sites do. */
export async function register(root: string, host: string, text: string): Promise<void> {
  const directory = join(root, 'var/agent-receiver/uuid-lookup');
  await mkdir(directory, { recursive: true });
  await symlink(text, join(directory, host));
}

/** Registers a host as older sites do; the link leads to a file that is not there. */
export async function registerTheOldWay(root: string, name: string, link: string): Promise<void> {
  const directory = join(root, 'var/agent-receiver/received-outputs');
  await mkdir(directory, { recursive: true });
  await symlink(link, join(directory, name));
}
