/** The way that is ours: sources as they are named, or the route of the host, each asked. */

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { CommandContext } from '../../cli/command.ts';
import { CourierError, type FaultCode, faults } from '../../faults/errors.ts';
import { type Rehearsed, rehearse } from '../../fetching/rehearsal.ts';
import { testRoute } from '../../fetching/route-test.ts';
import { planSources } from '../../fetching/source-plan.ts';
import type { HostName } from '../../names/host-name.ts';
import { defaultRoutesPath, loadRoutes } from '../../routes/load.ts';
import { findRoute } from '../../routes/match.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { type CauseCode, sourceCause } from '../causes.ts';
import { isOurs } from './configuration.ts';
import { type Learned, type Scene, type SiteFinding, timeToWait } from './scene.ts';

export async function lookAtOwnWay(
  scene: Scene,
  { configuration, place }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const target = { host: scene.host, address: scene.address ?? place?.address ?? '' };
  const { sources } = scene;
  if (sources !== undefined) {
    return inTime(scene, signal, async (context) => {
      const plan = await planSources(sources, target, context);
      const outcomes: Rehearsed[] = [];
      for (const step of plan.steps) outcomes.push((await rehearse(step, plan, context)).shown);
      return outcomes;
    });
  }
  const program = configuration?.program;
  const path = scene.routes ?? defaultRoutesPath(scene.context.env);
  const tags = configuration?.tags ?? [];
  if (program !== undefined && !isOurs(program)) {
    const found = judgeProgram(program, scene);
    const isHidden = found.status !== 'fault' && (await hasRoute(path, scene.host, tags));
    return isHidden ? hidden(program, path) : found;
  }
  if (!existsSync(path)) return withoutRoute(program, path);
  const routes = await loadRoutes(path);
  if (findRoute(routes, scene.host, tags) === undefined) return withoutRoute(program, path);
  const asked = { path, target, tags, spool: undefined };
  return inTime(scene, signal, async (context) => {
    const { sources: outcomes } = await testRoute(asked, context, async () => undefined);
    return outcomes;
  });
}

/** A source that does not answer is to be told as that, and not as a step without time. */
async function inTime(
  scene: Scene,
  signal: AbortSignal,
  ask: (context: CommandContext) => Promise<readonly Rehearsed[]>,
): Promise<SiteFinding> {
  const timeoutMs = timeToWait(scene, Number.POSITIVE_INFINITY);
  const limit = { timeoutMs, tooSlow: 'the source did not answer' };
  return withTimeLimit(limit, signal, async (limited) => {
    const found = judge(await ask({ ...scene.context, shutdown: limited }));
    // It may have more time when Checkmk asks.
    if (!limited.aborted || found.code !== 'source-timeout') return found;
    return { ...found, status: 'warning', text: `${found.text}; --deadline gives more` };
  });
}

/** A routes file that cannot be read is told by `doctor site`. */
async function hasRoute(path: string, host: HostName, tags: readonly string[]): Promise<boolean> {
  if (!existsSync(path)) return false;
  const routes = await loadRoutes(path).catch(() => undefined);
  return routes !== undefined && findRoute(routes, host, tags) !== undefined;
}

/** Checkmk takes the first rule that fits; ours is below it, or there is none. */
function hidden(program: string, path: string): SiteFinding {
  const [runs = ''] = program.split(/\s/);
  const text = `Checkmk runs ${runs}, and ${path} has a route for this host`;
  return { status: 'warning', code: 'rule-shadowed', text, facts: { runs, routes: path } };
}

function withoutRoute(program: string | undefined, path: string): SiteFinding {
  if (program === undefined || /\s\S+:/.test(program)) {
    return { status: 'skipped', text: 'this host has no route' };
  }
  return { status: 'fault', code: 'rule-missing', text: `${path} has no route for it` };
}

/** A program of somebody else is only looked for, never run. */
function judgeProgram(line: string, { context: { env } }: Scene): SiteFinding {
  const [program = ''] = line.replace(/^["']/, '').split(/["'\s]/);
  const home = env['OMD_ROOT'] ? [join(env['OMD_ROOT'], 'local/bin')] : [];
  const places = [...home, ...(env['PATH'] ?? '').split(':')];
  const isThere = isAbsolute(program)
    ? existsSync(program)
    : places.some((place) => existsSync(join(place, program)));
  const facts = { runs: program };
  if (!isThere) return { status: 'fault', code: 'program-missing', text: `no ${program}`, facts };
  return { status: 'unknown', text: `${program} is there; --ask runs it`, facts };
}

function judge(outcomes: readonly Rehearsed[]): SiteFinding {
  const lines = outcomes.map(({ source, code, durationMs, message }) =>
    [source, `${code} in ${Math.round(durationMs)} ms`, message].join(': '),
  );
  const facts = { sources: lines };
  const good = outcomes.findIndex(({ code }) => code === 'OK');
  if (good === 0) return { status: 'ok', text: outcomes[0]?.source ?? '', facts };
  const [first] = outcomes;
  if (first === undefined) throw new CourierError('CONFIG', 'there is no source');
  const status = good > 0 ? 'warning' : 'fault';
  const after = good > 0 ? `; source ${good + 1} stands in` : '';
  const text = `${first.source}: ${first.code}${after}`;
  return { status, code: causeOf(first), text, rawError: first.message, facts };
}

function causeOf({ code, message }: Rehearsed): CauseCode {
  const isLocal = code === 'LOCAL' || code === 'CONFIG';
  if (isLocal && /password|passphrase|token|private key|--key/i.test(message)) {
    return 'password-missing';
  }
  return isFault(code) ? sourceCause(code) : 'unexplained';
}

function isFault(code: string): code is FaultCode {
  return Object.hasOwn(faults, code);
}
