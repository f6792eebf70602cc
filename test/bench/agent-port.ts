/** What the agent port costs: one fetch beside nc, and a thousand in one process. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RawOptions } from '../../src/cli/options.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { tcp } from '../../src/transports/tcp/tcp.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { uuid } from '../transports/tcp/site.ts';
import { interleave, showTimings } from './interleave.ts';

const controllers = fileURLToPath(new URL('./controller-process.ts', import.meta.url));

/** A table and two lines. */
export async function benchAgentPort(turns: number): Promise<string> {
  return withTempDir(async (directory) => {
    const child = spawn(process.execPath, [controllers, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [ports] = await once(child.stdout, 'data');
    const [plain = '', secured = ''] = String(ports).trim().split(' ');
    const site = {
      uuid,
      siteCert: join(directory, 'site.pem'),
      agentCa: join(directory, 'store.pem'),
    };
    try {
      return [
        await raceNetcat(plain, secured, site, turns),
        await countFetches('plain', plain, {}),
        await countFetches('TLS', secured, {
          uuid: [site.uuid],
          siteCert: [site.siteCert],
          agentCa: [site.agentCa],
        }),
      ].join('\n');
    } finally {
      child.stdin.end();
    }
  });
}

interface SiteFiles {
  readonly uuid: string;
  readonly siteCert: string;
  readonly agentCa: string;
}

async function raceNetcat(
  plain: string,
  secured: string,
  site: SiteFiles,
  turns: number,
): Promise<string> {
  const fetch = [courier, 'fetch', '--host=web01'] as const;
  const trust = [
    `--uuid=${site.uuid}`,
    `--site-cert=${site.siteCert}`,
    `--agent-ca=${site.agentCa}`,
  ];
  const timings = await interleave(
    [
      { name: 'nc', command: ['nc', '-d', '127.0.0.1', plain] },
      { name: 'cmk-courier fetch, tcp: plain', command: [...fetch, `tcp://127.0.0.1:${plain}`] },
      {
        name: 'cmk-courier fetch, tcp: TLS',
        command: [...fetch, ...trust, `tcp://127.0.0.1:${secured}`],
      },
    ],
    turns,
  );
  return showTimings('agent port, 87 kB, ms', timings);
}

const fetches = 1000;

/** The cost of the code alone: no start-up, one open transport. */
async function countFetches(name: string, port: string, options: RawOptions): Promise<string> {
  const source = { uri: parseSourceUri(`tcp://127.0.0.1:${port}`), options };
  const context = makeOpenContext();
  const target = { host: parseHostName('web01'), address: '127.0.0.1' };
  const startMs = performance.now();
  await withTransport(tcp, source, context, async (transport) => {
    for (let count = 0; count < fetches; count += 1) await transport.fetch(target, context.signal);
  });
  const each = (performance.now() - startMs) / fetches;
  return `${fetches} fetches in one process, ${name}: ${each.toFixed(2)} ms each`;
}
