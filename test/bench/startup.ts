/** What one run costs a site: start and fetch of 87 kB, beside a bare Node, curl and Python. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { interleave, showTimings } from './interleave.ts';
import { sampleOutput } from './sample-output.ts';

/** A web server in a process of its own: this one stands still while it times. */
const serverCode = `
const output = require('node:fs').readFileSync(process.argv[1]);
require('node:http').createServer((request, response) => {
  response.setHeader('last-modified', new Date().toUTCString());
  response.end(output);
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
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

async function startServer(folder: string): Promise<{ address: string; stop: () => void }> {
  const output = join(folder, 'output');
  writeFileSync(output, sampleOutput());
  const child = spawn(process.execPath, ['-e', serverCode, output], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout, 'data');
  return {
    address: `http://127.0.0.1:${String(port).trim()}/web01`,
    stop: () => child.kill('SIGKILL'),
  };
}
