/** One look at a host: all steps, the report of the host besides, and what both come to. */

import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CommandContext, Invocation } from '../../cli/command.ts';
import { parseOptions, type RawOptions } from '../../cli/options.ts';
import type { HostName } from '../../names/host-name.ts';
import { type TcpOptions, tcpOptions } from '../../transports/tcp/options.ts';
import { type DoctorDocument, toDocument } from '../document.ts';
import { runSteps } from '../runner.ts';
import { pickSteps } from '../steps-only.ts';
import { checkSsh, readReportFile } from './host-side.ts';
import type { Scene } from './scene.ts';
import { siteSteps } from './steps.ts';
import { judgeTogether } from './together.ts';

type AgentValues = Omit<TcpOptions, 'markerTimeout' | 'handshakeTimeout' | 'idleTimeout'>;

export interface Asked {
  readonly host: HostName;
  readonly sources: Invocation | undefined;
  /** As they were written, for parts with options of their own. */
  readonly raw: RawOptions;
  readonly values: AgentValues & {
    readonly address: string | undefined;
    readonly port: number;
    readonly deadline: number;
    readonly only: readonly string[];
    readonly ask: boolean;
    readonly routes: string | undefined;
    readonly hostReport: string | undefined;
    readonly ssh: string | undefined;
  };
}

/**
 * Looks at all there is to see, and leaves no connection behind.
 *
 * @throws CourierError USAGE; about the report of the host; the reason of a signal
 */
export async function examine(
  { host, values, raw, sources }: Asked,
  context: CommandContext,
): Promise<readonly [document: DoctorDocument, port: number]> {
  const { hostReport, ssh, only } = values;
  checkSsh(ssh);
  const looksAtHost = only.length > 0 && (hostReport !== undefined || ssh !== undefined);
  const steps = pickSteps(siteSteps, looksAtHost ? [...only, 'host'] : only);
  const { clock, shutdown } = context;
  const [startedMs, startMs] = [clock.now(), clock.monotonic()];
  const run = randomUUID();
  const report =
    hostReport === undefined ? undefined : await readReportFile(hostReport, host, context);
  const sockets = new Set<Socket>();
  const { address, port, routes, ask } = values;
  const tcp = toTcp(values);
  const endMs = startMs + values.deadline;
  const named = { host, address, port, tcp, sources, routes, ask };
  const scene: Scene = { ...named, report, ssh, raw, run, context, sockets, endMs };
  try {
    const limits = { clock, deadlineMs: Math.max(1, endMs - clock.monotonic()), shutdown };
    const { results, learned } = await runSteps(steps, scene, limits);
    const subject = {
      host,
      address: learned.place?.address ?? address ?? null,
      port: learned.place?.port ?? port,
    };
    const { shown, explaining } = judgeTogether({ results, learned, nowMs: clock.now() });
    const { name = null, version = null, edition = null } = learned.site ?? {};
    const document = toDocument({
      subject,
      site: { name, version, edition },
      run,
      startedMs,
      durationMs: clock.monotonic() - startMs,
      original: learned.original ?? null,
      results: shown,
      explaining,
      ports: learned.ports ?? [],
      proofs: steps.some(({ id }) => id === 'output') ? seesOutput : [],
    });
    return [document, subject.port];
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Steps that prove that output comes, whatever its way. */
const seesOutput = ['output', 'age', 'way'];

/** How long each wait may be is for its step to say. */
function toTcp(values: AgentValues): TcpOptions {
  const { markerTimeout, handshakeTimeout, idleTimeout } = parseOptions(tcpOptions, {});
  return { ...values, markerTimeout, handshakeTimeout, idleTimeout };
}
