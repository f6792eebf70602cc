/** The site itself, and what Checkmk last said about the host. */

import { connect } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { CourierError, cleanText, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { findSite } from '../../setup/assistant/site.ts';
import { waitFor } from '../../system/waiting.ts';
import { runInSite } from './configuration.ts';
import { outsideSite, type Scene, type SiteFinding } from './scene.ts';

export async function lookAtSite({ context }: Scene): Promise<SiteFinding> {
  if (!context.env['OMD_ROOT'] || !context.env['OMD_SITE']) {
    return outsideSite;
  }
  const { name, version, edition } = await findSite(context);
  return {
    status: 'ok',
    text: `${name}, ${version} ${edition}`,
    facts: { name, version, edition, time: new Date(context.clock.now()).toISOString() },
    source: 'state',
    learned: { site: { name, version, edition } },
  };
}

const answer = z.array(z.tuple([z.string(), z.number(), z.number()]));

/** The text of the service Check_MK by Livestatus; the real program only with `--ask`. */
export async function lookAtCheckmk(
  scene: Scene,
  _: unknown,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const root = scene.context.env['OMD_ROOT'];
  if (scene.ask) return askCheckmk(scene, signal);
  if (!root) return outsideSite;
  const rows = readAnswer(await askLivestatus(query(scene.host), root, signal));
  const [row] = rows;
  if (row === undefined) {
    return { status: 'unknown', text: `the core does not know ${scene.host}`, source: 'state' };
  }
  const [said, state, checked] = row;
  const text = cleanText(said);
  const facts = { state, checked: showTime(checked) };
  const original = { command: `check ${scene.host}`, exit: state, text };
  return {
    status: state === 0 ? 'ok' : 'warning',
    text,
    facts,
    source: 'state',
    ...(state === 0 ? {} : { learned: { original } }),
  };
}

/** @throws CourierError PEER when it is no answer of Livestatus */
function readAnswer(text: string): z.infer<typeof answer> {
  try {
    return answer.parse(JSON.parse(text));
  } catch (error) {
    throw new CourierError('PEER', `Livestatus answers ${quote(text)}`, { cause: error });
  }
}

/** Undefined for what is no time. */
function showTime(seconds: number): string | undefined {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** Some is left to tell that it did not end. */
const shareOfTime = 0.9;

async function askCheckmk(scene: Scene, signal: AbortSignal): Promise<SiteFinding> {
  const command = `cmk -d ${scene.host}`;
  try {
    const ended = await runInSite(['cmk', '-d', scene.host], scene, signal, shareOfTime);
    const { code: exit, stdout, stderr } = ended;
    if (exit === 0) return { status: 'ok', text: `cmk -d prints ${stdout.length} bytes` };
    const original = { command, exit, text: cleanText(stderr) };
    return { status: 'warning', text: stderr, learned: { original } };
  } catch (error) {
    if (signal.aborted || !(error instanceof CourierError) || error.code !== 'TIMEOUT') throw error;
    const text = `${error.message}; --deadline gives more`;
    return { status: 'unknown', text, learned: { original: { command, exit: null, text } } };
  }
}

const mostBytes = 65_536;

/**
 * What Livestatus answers to a query, as JSON.
 *
 * @throws CourierError UNREACHABLE and the like when the core does not run
 */
export async function askLivestatus(
  lines: readonly string[],
  root: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(root, 'tmp/run/live');
  const socket = connect({ path });
  socket.on('error', () => undefined);
  let said = '';
  try {
    return await waitFor<string>(socket, signal, (resolve) => ({
      connect: () => socket.end([...lines, 'OutputFormat: json', '\n'].join('\n')),
      data: (piece: Buffer) => {
        said += piece.toString('utf8');
        if (said.length > mostBytes) resolve(said);
      },
      end: () => resolve(said),
    }));
  } catch (error) {
    throw asCourierError(error, `asking ${path}`);
  } finally {
    socket.destroy();
  }
}

function query(host: string): readonly string[] {
  return [
    'GET services',
    'Columns: plugin_output state last_check',
    `Filter: host_name = ${host}`,
    'Filter: description = Check_MK',
  ];
}
