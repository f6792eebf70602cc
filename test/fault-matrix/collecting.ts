/** A fetch by the collector, and what the site then gets of it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { runCycle } from '../../src/collector/cycle.ts';
import { Entry } from '../../src/collector/entry.ts';
import { keepConnections } from '../../src/collector/kept-connections.ts';
import { Outlets } from '../../src/collector/outlets.ts';
import { TransportPool } from '../../src/collector/transport-pool.ts';
import { type FaultCode, faults } from '../../src/faults/errors.ts';
import type { OutputRules } from '../../src/fetching/accept.ts';
import type { SourceStep } from '../../src/fetching/attempt.ts';
import { endConnection } from '../../src/openssh/multiplexing.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { Spool } from '../../src/spool/spool.ts';
import type { Target } from '../../src/transports/source.ts';
import { makeRoute } from '../collector/routes.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import type { Outcome } from './modes.ts';

const script = fileURLToPath(new URL('../../agents/site/cmk-courier-ready', import.meta.url));

/** As often as can be: ssh connections are not kept for long. */
const everyMs = 1000;

/**
 * One cycle with a deadline for all sources; then what lies ready is read as the site reads it.
 *
 * @param change is made before a second cycle, which there is only with one
 */
export function collectOnce(
  steps: readonly SourceStep[],
  rules: OutputRules,
  target: Target,
  { deadlineMs, change }: { readonly deadlineMs: number; readonly change?: () => Promise<void> },
): Promise<Outcome> {
  return withTempDir(async (directory) => {
    const runtime = join(directory, 'run');
    const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
    const context = { ...makeCommandContext(), clock: systemClock, env };
    const { log } = context;
    const [readyDirectory, spoolDirectory] = [join(directory, 'ready'), join(directory, 'spool')];
    const uptime = systemUptime();
    const ready = ReadyDirectory.open({ directory: readyDirectory, clock: systemClock, uptime });
    const bounds = { maxBytes: 1e9, maxHosts: 10 };
    const spool = await Spool.open({
      directory: spoolDirectory,
      log,
      clock: systemClock,
      isDurable: false,
      ...bounds,
    });
    const pool = new TransportPool(systemClock, log);
    const kept = steps.map((step) => keepConnections(step, everyMs));
    const plan = {
      steps: kept,
      with: [],
      rules,
      deadlineMs,
      timeoutMs: undefined,
      lend: pool.lend,
    };
    const prepared = { ...plan, pick: 'first', graceMs: 0, report: 'none' } as const;
    const route = makeRoute();
    const flags = { isAsked: false, isToRenew: false };
    const known = { target, tags: [], ...flags, route, peers: [], everyMs };
    const settings = { context, log, ready, spool, spoolDirectory, chance: Math.random };
    try {
      const entry = new Entry(known, 0);
      const hooks = { noteLaid: () => undefined, noteKept: () => undefined };
      const outlets = new Outlets([], log);
      const cycle = () =>
        runCycle(entry, { ...settings, ...hooks, outlets, prepare: async () => prepared });
      await cycle();
      if (change !== undefined) {
        await change();
        await cycle();
      }
    } finally {
      await pool.close();
      await spool.close();
      await endConnections(join(runtime, 'cmk-courier/ssh'));
    }
    return readAsSite(directory, readyDirectory, target.host);
  });
}

/** Those that are kept for a next cycle would keep a peer from ending. */
async function endConnections(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  const names = readdirSync(directory);
  await Promise.all(names.map((name) => endConnection(join(directory, name))));
}

/** The script of the site; a fallback would be no answer of the collector. */
async function readAsSite(directory: string, ready: string, host: string): Promise<Outcome> {
  writeFileSync(join(directory, 'cmk-courier'), '#!/bin/sh\nexit 99\n', { mode: 0o755 });
  const path = `${directory}:${process.env['PATH']}`;
  const child = spawn('sh', [script, host], { env: { PATH: path, CMK_COURIER_READY: ready } });
  const [output, line, [exitCode]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (exitCode === 0) return { output };
  return { code: codeOf(exitCode), line: line.trimEnd() };
}

function codeOf(exitCode: unknown): FaultCode {
  const codes = Object.keys(faults).filter(isFaultCode);
  const found = codes.find((code) => faults[code].exit === exitCode);
  if (found === undefined) throw new Error(`nothing was ready: exit code ${exitCode}`);
  return found;
}

function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(faults, text);
}
