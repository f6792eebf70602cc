/** Runs a shipped special agent in this process, and takes its output apart. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { systemClock } from '../../../src/clock.ts';
import { CourierError, stderrLine } from '../../../src/faults/errors.ts';
import { loadAgent } from '../../../src/special-agents/catalog.ts';
import { runAgent } from '../../../src/special-agents/run-agent.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { withTempDir } from '../../helpers/temp-dir.ts';

export interface SpecialRun {
  /** All of it; empty when it failed as a whole. */
  readonly output: string;
  /** The line on stderr, when it failed as a whole. */
  readonly failure: string | undefined;
  readonly log: readonly string[];
  /** Rows of sections by name, in the order of the output; those of one name together. */
  readonly sections: ReadonlyMap<string, readonly string[]>;
}

interface Wanted {
  readonly options: RawOptions;
  /** What is in the file named by option `secret.option`. */
  readonly secret?: { readonly option: string; readonly value: string };
  readonly signal?: AbortSignal;
}

export function runSpecial(
  name: string,
  { options, secret, signal = new AbortController().signal }: Wanted,
): Promise<SpecialRun> {
  return withTempDir(async (directory) => {
    const log = makeCollectingLog();
    const file = join(directory, 'secret');
    if (secret !== undefined) await writeFile(file, `${secret.value}\n`, { mode: 0o600 });
    const raw = { ...options, ...(secret === undefined ? {} : { [secret.option]: [file] }) };
    const call = { host: 'array1', address: '127.0.0.1', signal, log, clock: systemClock };
    try {
      const agent = await loadAgent(name, {});
      const limits = { env: {}, maxOutputBytes: 50_000_000 };
      const output = (await runAgent(agent, raw, { ...call, ...limits })).toString();
      return { output, failure: undefined, log: log.lines, sections: readSections(output) };
    } catch (error) {
      if (!(error instanceof CourierError)) throw error;
      const failure = stderrLine(error, [name]);
      return { output: '', failure, log: log.lines, sections: new Map() };
    }
  });
}

function readSections(output: string): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let rows: string[] = [];
  for (const line of output.split('\n').slice(0, -1)) {
    const [, name] = /^<<<([^<:>]+)(?::[^>]*)?>>>$/.exec(line) ?? [];
    if (name === undefined) {
      rows.push(line);
    } else {
      rows = sections.get(name) ?? [];
      sections.set(name, rows);
    }
  }
  return sections;
}

/** What the agent says of itself, without how long it took. */
export function withoutTimes(output: string): string {
  return output
    .replace(/"duration":[\d.]+/g, '"duration":0')
    .replace(/duration=[\d.]+/g, 'duration=0');
}
