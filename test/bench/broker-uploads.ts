/** Uploads through a receiver into a stream, in turns with one that keeps them in its spool. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCertificates } from '../../src/certs/store.ts';
import type { Stage } from '../broker/stage.ts';
import { courier } from '../helpers/run-program.ts';
import type { Owner } from '../nats/sessions.ts';
import { openUploads } from '../receiver/uploading.ts';
import { median } from './interleave.ts';
import { type Run, runLanes, showRun } from './lanes.ts';
import { processorSeconds } from './processor-time.ts';
import { startReceiver } from './receiver.ts';
import { sampleOutput } from './sample-output.ts';

const site = 'mysite';
const hosts = 500;
const outputs = 2000;
const turns = 5;
const output = sampleOutput().subarray(0, 30_000);

interface Turn extends Run {
  /** Of the receiver, for each upload. */
  readonly processorMs: number;
}

/** A receiver, and what it has done. */
interface Contestant {
  readonly name: string;
  readonly first: Turn;
  readonly turns: Turn[];
  run(): Promise<Turn>;
}

/** Another executable, such as one of a former commit, that takes its turns as well. */
const { BESIDE: beside } = process.env;

/** A line for each. */
export async function benchUploads(owner: Owner, { peer }: Stage): Promise<readonly string[]> {
  const urls = peer.urls.map((url) => url.replace('nats://', ''));
  const stream = { broker: `nats://${urls.join(',')}`, 'broker-patience': '15s' };
  const contestants = [
    await open(owner, 'receiver, into its spool', join(peer.directory, 'spooling'), {}),
    await open(owner, 'receiver, into the stream', join(peer.directory, 'streaming'), stream),
  ];
  if (beside !== undefined) {
    const options = { ...stream, program: beside };
    contestants.push(await open(owner, beside, join(peer.directory, 'beside'), options));
  }
  for (let turn = 0; turn < turns; turn += 1) {
    for (const contestant of contestants) contestant.turns.push(await contestant.run());
  }
  return contestants.map(show);
}

async function open(
  owner: Owner,
  name: string,
  directory: string,
  { program = courier, ...options }: Readonly<Record<string, string>>,
): Promise<Contestant> {
  mkdirSync(directory);
  const receiver = await startReceiver(directory, [program], { site, ...options });
  const { child, securePort: port, token } = receiver;
  const { rootCert: ca } = await loadCertificates(join(directory, 'certificates'));
  const uploads = openUploads({ port, ca, token, connections: 32 });
  owner.after(async () => {
    await uploads.close();
    child.kill('SIGKILL');
  });
  const run = async (): Promise<Turn> => {
    const before = processorSeconds(child.pid ?? 0);
    const ran = await runLanes(outputs, async (index) => {
      const said = await uploads.put(`bench${index % hosts}`, output, new Date());
      if (said.status !== 204) throw new Error(`${said.status} ${said.body}`);
    });
    const processorMs = ((processorSeconds(child.pid ?? 0) - before) * 1000) / outputs;
    return { ...ran, processorMs };
  };
  return { name, first: await run(), turns: [], run };
}

/** The turn in the middle, by outputs a second. */
function show({ name, first, turns: taken }: Contestant): string {
  const middle =
    taken.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(turns / 2)] ?? first;
  const processorMs = median(taken.map((turn) => turn.processorMs)).toFixed(2);
  const start = `${Math.round(first.perSecond)}/s right after its start`;
  return `${name}: ${showRun(middle)}, ${processorMs} ms of processor an upload; ${start}`;
}
