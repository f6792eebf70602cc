/** The conformance peer of scp: files behind a real dropbear, which offers no sftp. */

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { putFile } from '../../helpers/put-file.ts';
import { type Dropbear, skipWithoutDropbear, startDropbear } from '../../peers/dropbear.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { listLeftovers } from '../ssh/leftovers.ts';

export const skipManyScp = skipWithoutSshd;
export const skipScp = skipWithoutDropbear || skipWithoutSshd;

/** A `scp:` source of a path, with options that let it in. */
export function toScpSource(
  peer: { readonly port: number; readonly options: RawOptions },
  path: string,
  options: RawOptions = {},
): Source {
  const segments = path
    .split('/')
    .map((segment) => segment.split('{host}').map(encodeURIComponent).join('{host}'));
  return {
    uri: parseSourceUri(`scp://root@127.0.0.1:${peer.port}${segments.join('/')}`),
    options: { ...peer.options, ...options },
  };
}

/** An sshd that answers to scp alone, by a command of the test in place of the program. */
export function startScripted(script: string): Promise<Sshd> {
  const command = `case $SSH_ORIGINAL_COMMAND in scp*) ${script} ;; *) exit 1 ;; esac`;
  return startSshd({ keyOptions: `command="${command}"` });
}

/** One file a host, each moved into its place, behind a dropbear. */
export async function startScpFiles(): Promise<ConformancePeer> {
  const peer = await serveFiles(await startDropbear());
  // More logins at once from one address dropbear turns away.
  return { ...peer, module: { ...sftp, traits: { ...sftp.traits, concurrency: 5 } } };
}

/** The same behind an sshd whose program for sftp is not there, for any number of logins. */
export async function startManyScpFiles(): Promise<ConformancePeer> {
  return serveFiles(await startSshd({ sftp: '/nonexistent' }));
}

async function serveFiles(peer: Dropbear | Sshd): Promise<ConformancePeer> {
  const files = join(peer.directory, 'files');
  await mkdir(files);
  const stopping = await startScripted(
    String.raw`printf 'T1 0 1 0\nC0644 3000000 x\n<<<check_mk>>>\n'; sleep 0.2`,
  );
  const hanging = await startScripted('exec sleep 600');
  const source = toScpSource(peer, `${files}/{host}.txt`);
  const keys = [peer.key, peer.wrongKey].map((path) => readFile(path, 'utf8'));
  return {
    module: sftp,
    source,
    offer: (host, output, producedAt) => putFile(join(files, `${host}.txt`), output, producedAt),
    withdraw: (host) => rm(join(files, `${host}.txt`), { force: true }),
    absence: { lose: peer.lose, restore: peer.restore },
    stopsHalfWay: toScpSource(stopping, '/x'),
    hangs: toScpSource(hanging, '/x'),
    wrongSecret: { ...source, options: { ...source.options, sshKey: [peer.wrongKey] } },
    secrets: (await Promise.all(keys)).map((text) => text.split('\n')[3] ?? ''),
    leftovers: listLeftovers,
    async close() {
      await peer.close();
      await stopping.close();
      await hanging.close();
    },
  };
}
