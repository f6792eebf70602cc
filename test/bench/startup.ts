/** What one run costs a site: start and fetch of 87 kB, beside a bare Node, curl and Python. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authority } from '../helpers/certificates.ts';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { interleave, showTimings } from './interleave.ts';
import { sampleOutput } from './sample-output.ts';

/** A web server in a process of its own: this one stands still while it times. */
const serverCode = `
const { readFileSync } = require('node:fs');
const [, output, pem] = process.argv;
const [body, own] = [readFileSync(output), readFileSync(pem)];
const answer = (request, response) => {
  response.setHeader('last-modified', new Date().toUTCString());
  response.end(body);
};
const plain = require('node:http').createServer(answer);
const secure = require('node:https').createServer({ key: own, cert: own }, answer);
plain.listen(0, '127.0.0.1', () =>
  secure.listen(0, '127.0.0.1', () => console.log(plain.address().port, secure.address().port)));
`;

/** The table of start-up times, with `turns` turns. */
export function benchStartup(turns: number): Promise<string> {
  return withTempDir(async (folder) => {
    const drop = join(folder, 'web01');
    const url = await startServer(folder);
    writeFileSync(drop, sampleOutput());
    const routes = join(folder, 'routes.yaml');
    const route = `{ hosts: '*', maxAge: unlimited, sources: '${drop}' }`;
    writeFileSync(routes, `routes:\n  - ${route}\n`);
    const python = `import urllib.request; urllib.request.urlopen("${url.address}").read()`;
    const timings = await interleave(
      [
        { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
        { name: 'cmk-courier --version', command: [courier, '--version'] },
        {
          name: 'cmk-courier fetch, file:',
          command: [courier, 'fetch', '--host=web01', '--max-age=unlimited', drop],
        },
        {
          name: 'cmk-courier fetch by route, file:',
          command: [courier, 'fetch', '--host=web01', `--routes=${routes}`],
        },
        {
          name: 'cmk-courier fetch, http:',
          command: [courier, 'fetch', '--host=web01', url.address],
        },
        {
          name: 'cmk-courier fetch, https:',
          command: [courier, 'fetch', '--host=web01', `--ca=${url.ca}`, url.secured],
          // Which Node would read at every start.
          env: { NODE_EXTRA_CA_CERTS: '' },
        },
        { name: 'curl', command: ['curl', '-sS', '-o', '/dev/null', url.address] },
        { name: 'python3 with urllib', command: ['python3', '-c', python] },
        { name: 'cat', command: ['cat', drop] },
      ],
      turns,
    );
    url.stop();
    return showTimings('start and fetch of 87 kB, ms', timings);
  });
}

interface Outgoing {
  readonly address: string;
  readonly secured: string;
  /** A file with the authority of the secured one. */
  readonly ca: string;
  readonly stop: () => void;
}

async function startServer(folder: string): Promise<Outgoing> {
  const output = join(folder, 'output');
  const pem = join(folder, 'server.pem');
  const ca = join(folder, 'ca.pem');
  const authority = new Authority('bench');
  const { key, cert } = authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] });
  writeFileSync(output, sampleOutput());
  writeFileSync(pem, key + cert);
  writeFileSync(ca, authority.cert);
  const child = spawn(process.execPath, ['-e', serverCode, output, pem], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [ports] = await once(child.stdout, 'data');
  const [plain, secure] = String(ports).trim().split(' ');
  return {
    address: `http://127.0.0.1:${plain}/web01`,
    secured: `https://127.0.0.1:${secure}/web01`,
    ca,
    stop: () => child.kill('SIGKILL'),
  };
}
