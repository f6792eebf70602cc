/** Real services on the agent port, and agents, clocks and rooms that are not well. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueSelfSigned } from '../../helpers/certificates.ts';
import { listen, type NetworkCase, type Scene } from './scene.ts';

function write({ files }: Scene, name: string, lines: string): string {
  const path = join(files.directory, name);
  writeFileSync(path, lines, { mode: 0o600 });
  return path;
}

/** Debian's xinetd with the file that the host's half reads. */
async function xinetd({ bed, files }: Scene, onlyFrom: string): Promise<undefined> {
  const path = join(files.root, 'etc/xinetd.d/check_mk');
  const lines = [
    'service check_mk',
    '{',
    'type = UNLISTED',
    'port = 6556',
    'socket_type = stream',
    'protocol = tcp',
    'wait = no',
    'user = root',
    `server = ${files.agent}`,
    `only_from = ${onlyFrom}`,
    'disable = no',
    '}',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  const pidFile = join(files.directory, 'xinetd.pid');
  await bed.serve('host', ['xinetd', '-dontfork', '-f', path, '-pidfile', pidFile]);
}

async function sshd(scene: Scene): Promise<undefined> {
  const { bed, files } = scene;
  const key = join(files.directory, 'ssh-host-key');
  bed.run('host', ['sh', '-c', `[ -e ${key} ] || ssh-keygen -q -t ed25519 -N '' -f ${key}`]);
  bed.run('host', ['mkdir', '-p', '/run/sshd']);
  const path = write(scene, 'sshd_config', `Port 6556\nHostKey ${key}\nPidFile none\n`);
  await bed.serve('host', ['/usr/sbin/sshd', '-D', '-e', '-f', path]);
}

async function nginx(scene: Scene, more: string): Promise<undefined> {
  const server = `server { listen 6556${more} location / { return 204; } }`;
  const http = `events {}\nhttp { access_log off; ${server} }\n`;
  const text = `daemon off; master_process off; pid nginx.pid; ${http}`;
  const path = write(scene, 'nginx.conf', text);
  const { directory } = scene.files;
  await scene.bed.serve('host', ['nginx', '-p', directory, '-c', path, '-e', '/dev/null']);
}

async function nginxWithTls(scene: Scene): Promise<undefined> {
  const { cert, key } = issueSelfSigned({ name: 'web.example.com' });
  const [certPath, keyPath] = [write(scene, 'web.crt', cert), write(scene, 'web.key', key)];
  return nginx(scene, ` ssl; ssl_certificate ${certPath}; ssl_certificate_key ${keyPath};`);
}

/** Listens and takes nobody; those who came before have filled the queue. */
const fullQueue = `
import socket, time
server = socket.create_server(("0.0.0.0", 6556), backlog=0)
held = [socket.create_connection(("127.0.0.1", 6556))]
time.sleep(600)
`;

function skewed(offset: string) {
  return async (scene: Scene) => {
    const { bed, files } = scene;
    const lines = `cat ${files.directory}/output; echo '<<<systemtime>>>'; date +%s`;
    files.setAgent(`#!/bin/sh\n${lines}\n`);
    const command = ['socat', 'TCP4-LISTEN:6556,fork,reuseaddr', `EXEC:${files.agent}`];
    await bed.serve('host', ['faketime', '-f', offset, ...command]);
    return { wrap: ['faketime', '-f', offset] };
  };
}

function agent(lines: string | undefined, host: readonly string[] = []) {
  return async (scene: Scene) => {
    scene.files.setAgent(lines === undefined ? undefined : `#!/bin/sh\n${lines}\n`);
    await listen(scene);
    return { host };
  };
}

const fill = 'mount -t tmpfs -o size=64k tmpfs "$0/var"; cat /dev/zero >"$0/var/x"; exec "$@"';

async function fullDisk({ files }: Scene) {
  return { wrap: ['unshare', '-m', 'sh', '-c', `{ ${fill}; } 2>/dev/null`, files.root] };
}

type Row = readonly [what: string, alone: string, both: string, arrange: NetworkCase['arrange']];

const rows: readonly Row[] = [
  ['xinetd in charge', 'ok', 'ok', (scene) => xinetd(scene, '192.0.2.0/24')],
  [
    'xinetd, only_from another',
    'port-closed-at-once',
    'only-from',
    (scene) => xinetd(scene, '203.0.113.5'),
  ],
  ['sshd on the port', 'other-service', 'other-service', sshd],
  ['a web server on the port', 'port-hangs', 'other-service', (scene) => nginx(scene, ';')],
  ['a web server with TLS on the port', 'port-hangs', 'other-service', nginxWithTls],
  [
    'a stopped process listens',
    'port-hangs',
    'port-hangs',
    async ({ bed, files }) => {
      const command = ['socat', 'TCP4-LISTEN:6556,fork,reuseaddr', `EXEC:${files.agent}`];
      (await bed.serve('host', command)).kill('SIGSTOP');
      return undefined;
    },
  ],
  [
    'a full backlog',
    'port-silent',
    'port-hangs',
    async ({ bed, files }) => {
      // Known by this name to the host's half; another program would be a service of its own.
      const path = join(files.directory, 'cmk-agent-ctl');
      bed.run('host', ['ln', '-sf', '/usr/bin/python3', path]);
      await bed.serve('host', [path, '-c', fullQueue]);
      return undefined;
    },
  ],
  ['no agent is there', 'port-closed-at-once', 'agent-missing', agent(undefined)],
  ['the agent prints nothing', 'port-closed-at-once', 'output-empty', agent('exit 0')],
  [
    'the agent hangs',
    'port-hangs',
    'agent-hangs',
    async (scene) => ({
      ...(await agent('exec sleep 60', ['--deadline=3'])(scene)),
      options: { deadline: ['2s'] },
    }),
  ],
  ['the agent fails', 'port-closed-at-once', 'agent-fails', agent('exec /nowhere/bash')],
  ['the clock is two hours slow', 'clock-wrong', 'clock-wrong', skewed('-2h')],
  ['the clock is two hours fast', 'clock-wrong', 'clock-wrong', skewed('+2h')],
  ['no room is left', 'port-refused', 'disk-full', fullDisk],
];

export const serviceCases = rows.map(
  ([what, alone, both, arrange]): NetworkCase => ({ what, alone, both, arrange }),
);
