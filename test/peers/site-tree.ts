/** The files and programs of a site, as far as the assistant looks at them. */

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { FakeSite, serveSite } from './checkmk-rest.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

/**
 * A site whose `cmk` prints the output of a host from a file once the host has a route, and whose
 * web server is a fake of the REST API.
 */
export async function makeSiteTree(owner: Owner, version = '2.4.0p14.cre') {
  const site = new FakeSite();
  const url = new URL(await serveSite(site, owner));
  const root = await makeTempDir(owner);
  const conf = `CONFIG_APACHE_TCP_ADDR='127.0.0.1'\nCONFIG_APACHE_TCP_PORT='${url.port}'\n`;
  await put(root, 'etc/omd/site.conf', conf);
  await put(root, 'var/check_mk/web/automation/automation.secret', 'not-so-secret\n');
  await put(root, 'drops/web01.txt', '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n');
  await put(root, 'tmp/.keep', '');
  await program(
    root,
    'omd',
    `case "$*" in 'version -b') echo ${version} ;; *) echo "$*" >>"$OMD_ROOT/omd.log" ;; esac`,
  );
  await program(root, 'cmk-courier', 'exit 1');
  await program(
    root,
    'cmk',
    `echo "$*" >>"$OMD_ROOT/cmk.log"
     grep -q "hosts: $2" "$OMD_ROOT/etc/cmk-courier/routes.yaml" && cat "$OMD_ROOT/drops/$2.txt"`,
  );
  const env = { OMD_ROOT: root, OMD_SITE: 'mysite', PATH: `${join(root, 'bin')}:/usr/bin:/bin` };
  return { site, root, env, source: `${root}/drops/{host}.txt` };
}

async function put(root: string, path: string, text: string): Promise<void> {
  const file = join(root, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
}

async function program(root: string, name: string, lines: string): Promise<void> {
  await put(root, `bin/${name}`, `#!/bin/sh\n${lines}\n`);
  await chmod(join(root, 'bin', name), 0o755);
}
