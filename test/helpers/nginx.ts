/** A real nginx with a configuration of its own. */

import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Daemon, startDaemon } from './daemon.ts';

export interface Nginx {
  /** How many connections it has open, the question itself left out. */
  countConnections(): Promise<number>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/**
 * Starts nginx with `servers` inside its http block.
 *
 * @param directory where it keeps its files, and what relative paths in `servers` are relative to
 */
export async function startNginx(directory: string, servers: string): Promise<Nginx> {
  const statusSocket = join(directory, 'status.sock');
  await mkdir(join(directory, 'temporary'), { recursive: true });
  const configuration = join(directory, 'nginx.conf');
  await writeFile(configuration, toConfiguration(statusSocket, servers));
  const args = ['-p', directory, '-c', configuration, '-g', 'daemon off;', '-e', 'stderr'];
  let daemon: Daemon | undefined;
  const nginx: Nginx = {
    countConnections: async () => (await readActiveConnections(statusSocket)) - 1,
    stop: async () => daemon?.stop(),
    start: async () => {
      daemon = await startDaemon('nginx', args, { path: statusSocket });
    },
  };
  await nginx.start();
  return nginx;
}

function toConfiguration(statusSocket: string, servers: string): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path temporary/${name};`)
    .join('\n');
  return `${user}
worker_processes 1;
pid nginx.pid;
events {}
http {
  access_log off;
  default_type text/plain;
  ${temporary}
  server {
    listen unix:${statusSocket};
    location / { stub_status; }
  }
  ${servers}
}
`;
}

/** The first number nginx's status page shows. */
async function readActiveConnections(socketPath: string): Promise<number> {
  const page = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path: '/', agent: false }, (response) => {
      text(response).then(resolve, reject);
    })
      .on('error', reject)
      .end();
  });
  return Number(/Active connections: (\d+)/.exec(page)?.[1]);
}
