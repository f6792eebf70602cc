/** Debian's Prometheus, which asks for metrics four times a second. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

/** One series of an answer. */
interface Answered {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  /** @throws Error for what is no expression of its language */
  query(expression: string): Promise<readonly Answered[]>;
}

/** @param ports of 127.0.0.1, by the names of their jobs */
export async function startPrometheus(
  owner: Owner,
  ports: Readonly<Record<string, number>>,
): Promise<Prometheus> {
  const directory = await makeTempDir(owner);
  const config = join(directory, 'prometheus.yml');
  const jobs = Object.entries(ports).map(
    ([name, port]) =>
      `  - { job_name: ${name}, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }\n`,
  );
  await writeFile(
    config,
    `global: { scrape_interval: 250ms, scrape_timeout: 250ms }\nscrape_configs:\n${jobs.join('')}`,
  );
  const port = await findFreePort();
  const address = `127.0.0.1:${port}`;
  const daemon = await startDaemon(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { port, host: '127.0.0.1' },
  );
  owner.after(() => daemon.stop());
  while (!(await fetch(`http://${address}/-/ready`)).ok) await sleep(50);
  return {
    query: async (expression) => {
      const url = `http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const answer = JSON.parse(await (await fetch(url)).text());
      if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`);
      return answer.data.result;
    },
  };
}
