/** Runs the agent against a server of a test. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { runAgent } from '../../../src/special-agents/run-agent.ts';
import { vsphere } from '../../../src/special-agents/vsphere/vsphere.ts';
import { type CollectingLog, makeCollectingLog } from '../../helpers/collecting-log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { FakeVsphere, type Simulated } from '../../peers/vsphere/soap-server.ts';

export interface Asking {
  readonly directory: string;
  readonly clock: FakeClock;
  readonly log: CollectingLog;
  /** The output, as text. */
  ask(options?: RawOptions, signal?: AbortSignal): Promise<string>;
}

/** @param known user, password and how the server is reached */
export async function prepareAsking(
  t: TestContext,
  known: { readonly user: string; readonly password: string; readonly options: RawOptions },
): Promise<Asking> {
  const directory = await makeTempDir(t);
  const secretFile = join(directory, 'secret');
  await writeFile(secretFile, `${known.password}\n`, { mode: 0o600 });
  const clock = new FakeClock(Date.UTC(2026, 10, 28, 9, 0, 7));
  const log = makeCollectingLog();
  const env = { SERVER_SIDE_PROGRAM_STORAGE_PATH: join(directory, 'kept') };
  const usual = { user: [known.user], secretFile: [secretFile], ...known.options };
  return {
    directory,
    clock,
    log,
    async ask(options = {}, signal = AbortSignal.timeout(60_000)) {
      const call = { host: 'vcenter1', address: '127.0.0.1', signal, log, clock, env };
      const raw = { ...usual, ...options };
      return (await runAgent(vsphere, raw, { ...call, maxOutputBytes: 64e6 })).toString();
    },
  };
}

/** A stand-in that ends with the test, and the asking of it. */
export async function startFake(
  t: TestContext,
  simulated: Simulated,
): Promise<{ readonly fake: FakeVsphere; readonly asking: Asking }> {
  const fake = await FakeVsphere.start(simulated);
  t.after(() => fake.stop());
  const asking = await prepareAsking(t, {
    ...simulated,
    options: { port: [String(fake.port)] },
  });
  const ca = join(asking.directory, 'ca.pem');
  await writeFile(ca, fake.ca);
  const ask: Asking['ask'] = (options, signal) => asking.ask({ ca: [ca], ...options }, signal);
  return { fake, asking: { ...asking, ask } };
}

/** The lines of all sections of a name, headers and piggyback markers left out. */
export function linesOf(output: string, section: string): readonly string[] {
  const lines = output.split('\n');
  const kept: string[] = [];
  let isIn = false;
  for (const line of lines) {
    if (line.startsWith('<<<'))
      isIn = line.startsWith(`<<<${section}:`) || line === `<<<${section}>>>`;
    else if (isIn) kept.push(line);
  }
  return kept.filter((line) => line !== '');
}
