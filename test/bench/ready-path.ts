/** What one host check costs when the collector has been there before: output, and a fault. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { courier } from '../helpers/run-program.ts';
import { withBenchSite } from './collector-site.ts';
import { interleave, showTimings } from './interleave.ts';
import { sampleOutput } from './sample-output.ts';

const script = fileURLToPath(new URL('../../agents/site/cmk-courier-ready', import.meta.url));
const validity = { validMs: 3_600_000, address: undefined };
const fault = { line: 'cmk-courier: http: dead: no answer (TIMEOUT)', exitCode: 6 };

/** The table, with `turns` turns; each is started as a site does it, through a shell. */
export function benchReadyPath(turns: number): Promise<string> {
  return withBenchSite({ hostCount: 1, every: '1m' }, async ({ memory, urlOf }) => {
    const directory = join(memory, 'ready');
    const ready = ReadyDirectory.open({ directory, clock: systemClock, uptime: systemUptime() });
    ready.publish(parseHostName('live'), { parts: [sampleOutput()] }, validity);
    ready.publishFault(parseHostName('dead'), fault, validity);
    const file = join(memory, 'output');
    writeFileSync(file, sampleOutput());
    const env = { CMK_COURIER_READY: directory };
    const inShell = (line: string) => ['sh', '-c', line] as const;
    const fetch = `${courier} fetch --host=live --max-age=unlimited ${urlOf('live')}`;
    const timings = await interleave(
      [
        { name: 'curl', command: inShell(`curl -sSf ${urlOf('live')}`) },
        { name: 'cmk-courier-ready', command: inShell(`${script} live`), env },
        {
          name: 'cmk-courier-ready, of a dead host',
          command: inShell(`${script} dead`),
          env,
          exitCode: fault.exitCode,
        },
        { name: 'cat', command: inShell(`cat ${file}`) },
        { name: 'cmk-courier fetch, http:', command: inShell(fetch) },
      ],
      turns,
    );
    return showTimings('87 kB that lie ready, ms', timings);
  });
}
