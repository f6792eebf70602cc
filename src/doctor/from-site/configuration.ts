/** What Checkmk has configured for a host, by `cmk -D` (checkmk-site.md). */

import { isIP } from 'node:net';
import { CourierError } from '../../faults/errors.ts';
import { describeEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { outsideSite, type Scene, type SiteFinding } from './scene.ts';

export interface Configuration {
  readonly address: string | undefined;
  /** All that are named, of both families. */
  readonly addresses: readonly string[];
  /** Of the agent, where it is named. */
  readonly port: number | undefined;
  /** Command line of the program that stands in for the agent; ours before others. */
  readonly program: string | undefined;
  readonly isPush: boolean;
  readonly tags: readonly string[];
}

/** Reads what `cmk -D HOST` prints; what is not there stays open. */
export function parseConfiguration(text: string): Configuration {
  const plain = text.replace(colours, '');
  const [, line = ''] = /^Addresses:[ \t]*(.*)$/m.exec(plain) ?? [];
  const named = line.split(/[\s,()]+/).filter(Boolean);
  const [, newer, older] = /TCP:[ \t]*\S*:(\d+)[ \t]*$|TCP \(port: (\d+)\)/m.exec(plain) ?? [];
  const lines = plain.matchAll(/^[ \t]*(?:Type of agent:[ \t]*)?Program:[ \t]*(.+)$/gm);
  const programs = [...lines].map(([, line = '']) => line.trim());
  const [, tags = ''] = /^Tags:[ \t]*(.*)$/m.exec(plain) ?? [];
  const port = newer ?? older;
  return {
    address: named[0],
    addresses: named.filter((word) => isIP(word) !== 0),
    port: port === undefined ? undefined : Number(port),
    program: programs.find(isOurs) ?? programs[0],
    isPush: /push-agent|Push Agent/.test(plain),
    tags: [...tags.matchAll(/\[([^\]]*)\]/g)].map(([, tag = '']) => tag),
  };
}

/** Whether a command line runs the courier: by itself, from memory, or as the special agent of its package. */
export function isOurs(program: string): boolean {
  return /(?:^|\/)(?:cmk-courier(?:-ready)?|agent_cmk_courier)(?:\s|$)/.test(program);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: cmk paints its headings
const colours = /\u001b\[[\d;]*m/g;

const mostBytes = 4 * 1024 ** 2;

/** A part of the time that is left, so that a program that hangs leaves time for the next steps. */
const shareOfTime = 0.4;

/**
 * Runs a program of the site.
 *
 * @param share how much of the time that is left it may take
 * @throws CourierError LOCAL, TIMEOUT; the signal's reason
 */
export async function runInSite(
  [program, ...args]: readonly [string, ...string[]],
  { context: { env }, endMs, context }: Scene,
  signal: AbortSignal,
  share = 1,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const timeoutMs = Math.max(1, (endMs - context.clock.monotonic()) * share);
  const end = await withTimeLimit(
    { timeoutMs, tooSlow: `${program} did not end` },
    signal,
    (limited) => runProgram({ program, args, env, maxOutputBytes: mostBytes }, limited),
  );
  const stdout = end.stdout.toString('latin1');
  return { code: end.code, stdout, stderr: end.code === 0 ? '' : describeEnd(end) };
}

export async function lookAtConfiguration(
  scene: Scene,
  _: unknown,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (!scene.context.env['OMD_ROOT']) {
    return outsideSite;
  }
  const { code, stdout, stderr } = await runInSite(
    ['cmk', '-D', scene.host],
    scene,
    signal,
    shareOfTime,
  );
  if (code !== 0) throw new CourierError('LOCAL', `cmk -D ${scene.host}: ${stderr}`);
  const configuration = parseConfiguration(stdout);
  const { address, program, isPush, port, tags } = configuration;
  const kind = program !== undefined ? 'a program' : isPush ? 'push' : 'the agent port';
  return {
    status: 'ok',
    text: `${address ?? 'no address'}, by ${kind}`,
    // Of a command line only what is run: an argument may be a password.
    facts: { address, kind, runs: program?.split(/\s/)[0], port, tags },
    source: 'state',
    learned: { configuration },
  };
}
