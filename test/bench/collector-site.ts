/** A site whose hosts are all served by one web server, all with the same 87 kB. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CollectorSite } from '../collector/running-collector.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { startNginx } from '../helpers/nginx.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { sampleOutput } from './sample-output.ts';

export interface BenchSite {
  readonly site: CollectorSite;
  readonly hosts: readonly string[];
  /** In memory, where the machine has such a place. */
  readonly memory: string;
  /** Of the web server. */
  readonly port: number;
  urlOf(host: string): string;
}

/** Lends a site with so many hosts; its collector is not started yet, and is ended afterwards. */
export function withBenchSite<Result>(
  { hostCount, every }: { readonly hostCount: number; readonly every: string },
  use: (bench: BenchSite) => Promise<Result>,
): Promise<Result> {
  return withTempDir(async (root) => {
    const memory = mkdtempSync(
      join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cmk-courier-'),
    );
    const port = await findFreePort();
    const nginx = await startNginx(root, toServer(root, port));
    const site = new CollectorSite(root, join(memory, 'ready'));
    try {
      writeFileSync(join(root, 'sample'), sampleOutput());
      const hosts = Array.from({ length: hostCount }, (_, n) => `web${n}`);
      const list = hosts.map((host) => `${host} 127.0.0.1\n`).join('');
      writeFileSync(join(root, 'etc/cmk-courier/hosts.txt'), list);
      site.writeRoutes(toRoutes(port, every));
      return await use({
        site,
        hosts,
        memory,
        port,
        urlOf: (host) => `http://127.0.0.1:${port}/${host}`,
      });
    } finally {
      await site.end('SIGKILL');
      await nginx.stop();
      rmSync(memory, { recursive: true });
    }
  });
}

function toServer(root: string, port: number): string {
  return `server {
    listen 127.0.0.1:${port};
    sendfile on;
    keepalive_requests 1000000;
    location / { root ${root}; rewrite ^ /sample break; }
  }`;
}

function toRoutes(port: number, every: string): string {
  return `
collector: { hostList: hosts.txt }
defaults: { every: ${every}, maxAge: unlimited }
routes:
  - { hosts: '*', sources: 'http://127.0.0.1:${port}/{host}' }
`;
}
