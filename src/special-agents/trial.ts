/** Records a run of an agent, and runs it again on what was recorded. */

import { join } from 'node:path';
import type { RawOptions } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { redactSecrets } from '../faults/redaction.ts';
import { readTextFileIfThere, replaceFile } from '../system/durable-files.ts';
import { Player, Recorder } from './recording/recorder.ts';
import type { Replace } from './recording/transcript.ts';
import { type AgentCall, runAgent } from './run-agent.ts';
import type { SpecialAgent } from './special-agent.ts';

const expectedFile = 'expected.txt';
const callFile = 'call.json';

/** What is said to be replaced: `OLD=NEW`. */
export function toReplace(pairs: readonly (readonly [string, string])[]): Replace {
  return (text) => pairs.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

/**
 * Runs an agent and writes what it asked, what was answered, and what it made of that.
 *
 * @returns its output
 * @throws CourierError as running it; what was asked until then is written all the same
 */
export async function record(
  agent: SpecialAgent,
  raw: RawOptions,
  call: AgentCall,
  { directory, replace }: { readonly directory: string; readonly replace: Replace },
): Promise<Buffer> {
  const recorder = new Recorder();
  const keep = async () => {
    if ((await recorder.write(directory, replace)) === 0) return;
    const { host = null, address = null } = call;
    const known = JSON.stringify({ host, address, options: withoutSecrets(raw) }, null, 2);
    await replaceFile(join(directory, callFile), replace(redactSecrets(`${known}\n`)));
  };
  try {
    const output = await runAgent(agent, raw, { ...call, exchange: recorder });
    await keep();
    const expected = redactSecrets(withoutTimes(output.toString()));
    await replaceFile(join(directory, expectedFile), replace(expected));
    return output;
  } catch (error) {
    await keep();
    throw error;
  }
}

/** Names of files with secrets, and what only holds where it was recorded. */
function withoutSecrets(raw: RawOptions): RawOptions {
  const kept = Object.entries(raw).filter(
    ([name]) => !/(File|Id)$|^(ca|cert|key|proxy|header)$/.test(name),
  );
  return Object.fromEntries(kept);
}

/** Durations differ from run to run. */
function withoutTimes(output: string): string {
  return output
    .replace(/"duration":[\d.]+/g, '"duration":0')
    .replace(/\bduration=[\d.]+/g, 'duration=0');
}

/** Output from a recording, and what was expected of it. */
export interface Replayed {
  readonly output: string;
  /** Undefined where nothing is. */
  readonly expected: string | undefined;
}

/**
 * Runs an agent on a recording.
 *
 * @throws CourierError as running it; LOCAL where the recording has no answer
 */
export async function replay(
  agent: SpecialAgent,
  raw: RawOptions,
  call: AgentCall,
  directory: string,
): Promise<Replayed> {
  const known = readCall(await readTextFileIfThere(join(directory, callFile)));
  const exchange = await Player.open(directory, (line) => call.trace?.(line));
  const output = await runAgent(
    agent,
    { ...known.options, ...raw },
    {
      ...call,
      host: call.host ?? known.host ?? 'host',
      address: call.address ?? known.address ?? '192.0.2.1',
      exchange,
    },
  );
  const expected = await readTextFileIfThere(join(directory, expectedFile));
  return {
    output: withoutTimes(output.toString()),
    expected: expected === '' ? undefined : expected,
  };
}

/** Makes what comes of a recording now what is expected of it. */
export async function renew(directory: string, output: string): Promise<void> {
  await replaceFile(join(directory, expectedFile), output);
}

interface RecordedCall {
  readonly host?: string;
  readonly address?: string;
  readonly options: RawOptions;
}

function readCall(text: string): RecordedCall {
  const value: unknown = text === '' ? {} : parse(text);
  if (typeof value !== 'object' || value === null) return { options: {} };
  const field = (name: string) => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === 'string' ? { [name]: found } : {};
  };
  const options: unknown = Reflect.get(value, 'options') ?? {};
  const entries = Object.entries(typeof options === 'object' && options !== null ? options : {});
  return {
    ...field('host'),
    ...field('address'),
    options: Object.fromEntries(entries.map(([name, texts]) => [name, [texts].flat().map(String)])),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CourierError('CONFIG', `${callFile} is no JSON`, { cause: error });
  }
}

/** The first line in which two texts differ, in words. */
export function describeDifference({ output, expected = '' }: Replayed): string | undefined {
  if (output === expected) return undefined;
  const [made, wanted] = [output.split('\n'), expected.split('\n')];
  const at = made.findIndex((line, index) => line !== wanted[index]);
  const line = at < 0 ? made.length : at;
  return `line ${line + 1} is ${show(made[line])}, expected is ${show(wanted[line])}`;
}

function show(line: string | undefined): string {
  return line === undefined ? 'missing' : `"${line.slice(0, 200)}"`;
}
